package dev.lamina.opencl;

import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.Discovery;
import dev.lamina.testing.Requirement;
import java.util.function.UnaryOperator;

/** The OpenCL device of this machine, on which the tests run. */
final class TestDevices {
  private static final Discovery FOUND =
      new OpenClBackendProvider().discover(DeviceOptions.DEFAULT);

  private TestDevices() {}

  /**
   * The first device, opened anew. Where there is none, the test is skipped, or fails where the
   * environment variable {@code LAMINA_REQUIRE_DEVICES} names opencl.
   */
  static OpenClDevice open() {
    return open("OpenCL0", settings -> settings);
  }

  /** As {@link #open()}, with another id and other settings. */
  static OpenClDevice open(String id, UnaryOperator<OpenClDevice.Settings> change) {
    if (FOUND.devices().isEmpty()) {
      String why = "there is no OpenCL device here: " + String.join("; ", FOUND.reasons());
      Requirement.missing("opencl", why);
    }
    OpenClDevice first = (OpenClDevice) FOUND.devices().getFirst();
    return first.again(id, change.apply(first.settings()));
  }
}
