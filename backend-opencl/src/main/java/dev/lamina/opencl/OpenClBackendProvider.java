package dev.lamina.opencl;

import dev.lamina.backend.BackendProvider;
import dev.lamina.backend.Capabilities;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.Discovery;

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
    try {
      return DeviceSearch.run();
    } catch (UnsatisfiedLinkError e) {
      return Discovery.none(
          "the OpenCL library was not found: install the card's driver, or the package"
              + " ocl-icd-libopencl1 ("
              + e.getMessage()
              + ")");
    } catch (RuntimeException | LinkageError e) {
      return Discovery.none("OpenCL cannot start: " + e);
    }
  }
}
