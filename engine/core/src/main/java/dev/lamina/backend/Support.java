package dev.lamina.backend;

/** A backend's or a device's answer to whether it runs one concrete op. */
public sealed interface Support {
  /** Runs at the speed that one expects of this device. */
  record Full() implements Support {}

  /** Runs, and {@code reason} says why it is slow. */
  record Slow(String reason) implements Support {}

  /** Does not run, and {@code reason} says why. */
  record No(String reason) implements Support {}

  Support FULL = new Full();

  static Support slow(String reason) {
    return new Slow(reason);
  }

  static Support no(String reason) {
    return new No(reason);
  }

  /** Whether the op runs at all. */
  default boolean runs() {
    return !(this instanceof No);
  }
}
