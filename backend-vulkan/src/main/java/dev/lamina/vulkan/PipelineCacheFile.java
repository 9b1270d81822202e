package dev.lamina.vulkan;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/**
 * Compiled pipelines on disk, a file for each device and driver. A checksum stands before the data,
 * as some drivers trust what they are given; a file that is damaged, or cannot be read or written,
 * costs time and nothing else.
 */
final class PipelineCacheFile {
  private static final int SUM = 32;

  private final Path file;

  /**
   * @param folder where the files are, or null for none
   * @param identity names device and driver
   */
  PipelineCacheFile(Path folder, String identity) {
    file = folder == null ? null : folder.resolve(identity + ".pipelines");
  }

  /** The user's folder for caches, where Lamina's are; null where there is no home. */
  static Path userFolder() {
    String home = System.getProperty("user.home");
    String os = System.getProperty("os.name");
    String xdg = System.getenv("XDG_CACHE_HOME");
    String local = System.getenv("LOCALAPPDATA");
    Path base;
    if (os.startsWith("Windows") && local != null) {
      base = Path.of(local);
    } else if (xdg != null && Path.of(xdg).isAbsolute()) {
      base = Path.of(xdg);
    } else if (home == null || home.isBlank() || home.equals("?")) {
      return null;
    } else if (os.startsWith("Mac")) {
      base = Path.of(home, "Library", "Caches");
    } else {
      base = Path.of(home, ".cache");
    }
    return base.resolve("lamina").resolve("vulkan");
  }

  /** The data, or nothing. */
  byte[] read() {
    try {
      if (file == null || !Files.isRegularFile(file)) {
        return new byte[0];
      }
      byte[] all = Files.readAllBytes(file);
      byte[] data = all.length < SUM ? new byte[0] : Arrays.copyOfRange(all, SUM, all.length);
      return all.length >= SUM && Arrays.equals(Arrays.copyOf(all, SUM), sum(data))
          ? data
          : new byte[0];
    } catch (IOException | RuntimeException e) {
      return new byte[0];
    }
  }

  /** Replaces the data; readers see the old file or the new one. */
  void write(byte[] data) {
    if (file == null) {
      return;
    }
    Path fresh = null;
    try {
      Files.createDirectories(file.getParent());
      fresh = Files.createTempFile(file.getParent(), "new", ".tmp");
      ByteBuffer all = ByteBuffer.allocate(SUM + data.length).put(sum(data)).put(data);
      Files.write(fresh, all.array());
      Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException | RuntimeException e) {
      // Read-only homes and full disks: the next start compiles again.
      delete(fresh);
    }
  }

  private static void delete(Path path) {
    try {
      if (path != null) {
        Files.deleteIfExists(path);
      }
    } catch (IOException | RuntimeException e) {
      // It is a cache: what cannot be deleted is left behind.
    }
  }

  private static byte[] sum(byte[] data) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(data);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
