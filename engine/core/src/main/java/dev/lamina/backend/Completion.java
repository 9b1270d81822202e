package dev.lamina.backend;

/** Stands for enqueued work. */
public interface Completion {
  /** Work that is done already. */
  Completion DONE = () -> {};

  /** Waits for the work to end; throws {@link DeviceException} where it failed. */
  void await();
}
