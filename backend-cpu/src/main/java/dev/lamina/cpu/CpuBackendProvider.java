package dev.lamina.cpu;

import dev.lamina.backend.BackendProvider;
import dev.lamina.backend.Capabilities;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.Discovery;
import java.util.List;

/**
 * The SIMD CPU backend. This class loads without {@code jdk.incubator.vector}; where that module is
 * missing, {@link #discover} says so and how to have it.
 */
public final class CpuBackendProvider implements BackendProvider {
  private static final String MODULE = "jdk.incubator.vector";

  @Override
  public String name() {
    return "cpu";
  }

  @Override
  public Capabilities capabilities() {
    return CpuCapabilities.INSTANCE;
  }

  @Override
  public Discovery discover(DeviceOptions options) {
    try {
      // Asked for by class and not by the boot layer, which does not know a module added later.
      Class.forName(MODULE + ".FloatVector", false, CpuBackendProvider.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      return Discovery.none(
          "the module " + MODULE + " is missing: start java with --add-modules " + MODULE);
    }
    try {
      return new Discovery(List.of(new CpuDevice(options, Start.asked())), List.of());
    } catch (RuntimeException | LinkageError e) {
      return Discovery.none("the SIMD path cannot start on this Java: " + e);
    }
  }
}
