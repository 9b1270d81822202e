package dev.lamina.opencl;

import dev.lamina.Folders;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * Compiled programs on disk, by what they were made of: text, options, device and driver. A file
 * holds the SHA-256 of its contents first; whatever is damaged or cannot be read or written counts
 * as absent.
 */
final class BinaryCache {
  /** Keeps nothing. */
  static final BinaryCache NONE = new BinaryCache(null);

  private static final int HASH_BYTES = 32;

  private final Path folder;

  BinaryCache(Path folder) {
    this.folder = folder;
  }

  /** Whether binaries are kept at all. */
  boolean keeps() {
    return folder != null;
  }

  /**
   * In the user's folder for what can be made again. PoCL has a cache of its own, of single
   * kernels, and would compile all those of a program, asked for or not, to give a binary.
   */
  static BinaryCache of(DeviceFacts facts) {
    return facts.platform().equals("Portable Computing Language")
        ? NONE
        : new BinaryCache(Folders.cache().resolve("opencl"));
  }

  /** Where the binary made of these texts is, whether it is there or not. */
  Path file(String name, String... madeOf) {
    MessageDigest digest = sha256();
    for (String text : madeOf) {
      digest.update(text.getBytes(StandardCharsets.UTF_8));
      digest.update((byte) 0);
    }
    String hash = HexFormat.of().formatHex(digest.digest(), 0, 12);
    return folder.resolve(name + "-" + hash + ".bin");
  }

  /** The binary, or null where there is no sound one. */
  byte[] load(Path file) {
    try {
      byte[] all = Files.readAllBytes(file);
      if (all.length <= HASH_BYTES) {
        return null;
      }
      byte[] binary = Arrays.copyOfRange(all, HASH_BYTES, all.length);
      byte[] hash = sha256().digest(binary);
      return Arrays.equals(hash, 0, HASH_BYTES, all, 0, HASH_BYTES) ? binary : null;
    } catch (IOException e) {
      return null;
    }
  }

  /** Keeps a binary for the next start; it does not matter where that fails. */
  void save(Path file, byte[] binary) {
    try {
      Files.createDirectories(folder);
      Path fresh = Files.createTempFile(folder, "new", ".tmp");
      try {
        byte[] all = Arrays.copyOf(sha256().digest(binary), HASH_BYTES + binary.length);
        System.arraycopy(binary, 0, all, HASH_BYTES, binary.length);
        Files.write(fresh, all);
        Files.move(
            fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(fresh);
      }
    } catch (IOException e) {
      // A full or read-only disk: the program is compiled again next time.
    }
  }

  /** Forgets a binary that a driver did not take. */
  void drop(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      // It is refused again next time, and compiled again.
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }
}
