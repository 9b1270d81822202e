package dev.lamina.backend;

/**
 * What a user can say of the devices before they are opened.
 *
 * @param threads threads of the CPU device; 0: as many as there are physical cores to this process
 * @param repack whether weights may be brought into another layout while loading
 * @param math how the CPU device multiplies quantized weights
 */
public record DeviceOptions(int threads, boolean repack, CpuMath math) {
  public static final DeviceOptions DEFAULT = new DeviceOptions(0, true);

  /** Options with the fastest products. */
  public DeviceOptions(int threads, boolean repack) {
    this(threads, repack, CpuMath.I8);
  }
}
