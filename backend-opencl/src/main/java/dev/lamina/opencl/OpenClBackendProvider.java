package dev.lamina.opencl;

import dev.lamina.GpuNodes;
import dev.lamina.backend.BackendProvider;
import dev.lamina.backend.Capabilities;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.Discovery;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.util.List;
import java.util.Locale;

/** The OpenCL backend. This class loads without JOCL's native library and without a driver. */
public final class OpenClBackendProvider implements BackendProvider {
  @Override
  public String name() {
    return "opencl";
  }

  @Override
  public Capabilities capabilities() {
    return OpenClCapabilities.INSTANCE;
  }

  @Override
  public Discovery discover(DeviceOptions options) {
    if (!options.software() && !GpuNodes.mayExist()) {
      return Discovery.none(
          "no GPU: there is no device file of one; a processor behind OpenCL is looked for only"
              + " where --device names it");
    }
    try {
      if (!hasLoader()) {
        return Discovery.none(
            "the OpenCL library was not found: install the card's driver, or the package"
                + " ocl-icd-libopencl1 ("
                + String.join(" or ", loaders())
                + ")");
      }
      return DeviceSearch.run(options);
    } catch (RuntimeException | LinkageError e) {
      return Discovery.none("OpenCL cannot start: " + e);
    }
  }

  /** Asked before JOCL, which prints to the standard output where it does not find the library. */
  @SuppressWarnings("restricted")
  private static boolean hasLoader() {
    for (String name : loaders()) {
      try (Arena arena = Arena.ofConfined()) {
        SymbolLookup.libraryLookup(name, arena);
        return true;
      } catch (IllegalArgumentException e) {
        // The next name, if there is one.
      }
    }
    return false;
  }

  private static List<String> loaders() {
    String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    if (os.startsWith("windows")) {
      return List.of("OpenCL.dll");
    }
    return os.startsWith("mac")
        ? List.of("/System/Library/Frameworks/OpenCL.framework/OpenCL")
        : List.of("libOpenCL.so.1", "libOpenCL.so");
  }
}
