package dev.lamina.backend;

/**
 * What a user can say of the devices before they are opened.
 *
 * @param threads threads of the CPU device; 0: as many as there are physical cores to this process
 * @param repack whether weights may be brought into another layout while loading
 * @param math how the CPU, and cards, multiply quantized weights
 * @param software whether devices that are the CPU in disguise are wanted too. Where they are not,
 *     a backend that sees without its driver that there is no GPU need not start it
 */
public record DeviceOptions(int threads, boolean repack, CpuMath math, boolean software) {
  public static final DeviceOptions DEFAULT = new DeviceOptions(0, true);

  /** Options with the fastest products, for all devices. */
  public DeviceOptions(int threads, boolean repack) {
    this(threads, repack, CpuMath.I8);
  }

  /** Options for all devices. */
  public DeviceOptions(int threads, boolean repack, CpuMath math) {
    this(threads, repack, math, true);
  }

  public DeviceOptions withSoftware(boolean wanted) {
    return new DeviceOptions(threads, repack, math, wanted);
  }
}
