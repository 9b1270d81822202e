package dev.lamina.session;

import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceException;
import dev.lamina.backend.DeviceInfo;

/** A device that failed while a stage was opened or run; answered by placing the work elsewhere. */
final class StageFailure extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient Device device;
  private final transient DeviceException failure;

  private StageFailure(Device device, DeviceException failure) {
    super(failure.getMessage(), failure);
    this.device = device;
    this.failure = failure;
  }

  /**
   * What went wrong on {@code device}. A driver binding may fail in its own ways (a native library
   * that does not link, a wrapper's exception): on a GPU these count as the device's failure. On
   * the CPU they are bugs, and stay what they are.
   */
  static StageFailure of(Device device, Throwable e) {
    if (e instanceof DeviceException known) {
      return new StageFailure(device, known);
    }
    boolean gpu = device.info().kind() != DeviceInfo.Kind.CPU;
    if (gpu && (e instanceof RuntimeException || e instanceof LinkageError)) {
      return new StageFailure(
          device, new DeviceException(DeviceException.Kind.OTHER, e.toString(), e));
    }
    if (e instanceof RuntimeException unchecked) {
      throw unchecked;
    }
    if (e instanceof Error error) {
      throw error;
    }
    throw new IllegalStateException(e);
  }

  Device device() {
    return device;
  }

  DeviceException failure() {
    return failure;
  }
}
