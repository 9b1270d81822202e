package dev.lamina.backend;

/**
 * What a backend module registers with {@link java.util.ServiceLoader}. Its class must load without
 * the backend's native library or incubator module: whatever is missing is told by {@link
 * #discover}.
 */
public interface BackendProvider {
  /**
   * The backend's name in lower case: {@code cpu}, {@code cuda}, {@code rocm}, {@code opencl},
   * {@code vulkan}.
   */
  String name();

  /** What this backend's kernels can do on a device that lacks nothing. Touches no driver. */
  Capabilities capabilities();

  /** Looks for devices. Never throws: what stands in the way becomes a reason. */
  Discovery discover(DeviceOptions options);
}
