package dev.lamina.placement;

/**
 * Why a layer is where it is.
 *
 * @param kind the sort of reason, for programs
 * @param text the reason, for people; one clause without a full stop
 */
public record Reason(Kind kind, String text) {
  /** Sorts of reasons. */
  public enum Kind {
    /** On a device, as wanted. */
    PLACED,
    /** On the CPU: not among the layers that were asked for. */
    NOT_ASKED,
    /** On the CPU: no device to go to. */
    NO_DEVICE,
    /** On the CPU: a device failed. */
    DEVICE_FAILED,
    /** On the CPU: an op or a type that the device does not run. */
    UNSUPPORTED,
    /** On the CPU: one of {@link dev.lamina.features.MatrixRules} keeps it off the device. */
    RULE,
    /** On the CPU: the device's memory is full. */
    MEMORY,
    /** On the CPU: its keys and values are wanted in host memory. */
    KV_ON_HOST,
    /** On the CPU: alone between CPU layers and too small to be worth the way to the device. */
    NOT_WORTH_IT
  }
}
