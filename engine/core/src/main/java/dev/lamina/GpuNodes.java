package dev.lamina;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Whether the system has a GPU at all. Starting drivers takes tenths of a second, which nobody
 * should wait for to hear that there is none.
 */
public final class GpuNodes {
  private GpuNodes() {}

  /** False where Linux has no device file of a GPU; true elsewhere. */
  public static boolean mayExist() {
    return !System.getProperty("os.name").startsWith("Linux") || mayExist(Path.of("/dev"));
  }

  /** As {@link #mayExist()} on Linux, with its device files in {@code dev}. */
  public static boolean mayExist(Path dev) {
    return has(dev.resolve("dri"), "renderD*")
        || has(dev, "nvidia[0-9]*")
        // WSL, and GPUs of phones and small boards with drivers of their own
        || has(dev, "{dxg,kgsl*,mali*,pvr*,nvhost*,nvmap}");
  }

  private static boolean has(Path folder, String pattern) {
    if (!Files.isDirectory(folder)) {
      return false;
    }
    try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, pattern)) {
      return found.iterator().hasNext();
    } catch (IOException | RuntimeException e) {
      return true; // cannot be told: the driver knows
    }
  }
}
