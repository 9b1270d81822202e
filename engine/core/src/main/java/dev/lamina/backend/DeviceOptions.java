package dev.lamina.backend;

/**
 * What a user can say of the devices before they are opened.
 *
 * @param threads threads of the CPU device; 0: as many as there are physical cores to this process
 * @param repack whether weights may be brought into another layout while loading
 */
public record DeviceOptions(int threads, boolean repack) {
  public static final DeviceOptions DEFAULT = new DeviceOptions(0, true);
}
