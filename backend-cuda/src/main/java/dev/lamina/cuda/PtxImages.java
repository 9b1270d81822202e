package dev.lamina.cuda;

import dev.lamina.backend.DeviceException;
import dev.lamina.shaders.ProgramKey;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;

/** The PTX that the build has made of the kernels: a packed file for each program. */
final class PtxImages implements KernelImages {
  /** The list of programs, each with the hash of the text that it was made of. */
  static final String SOURCES = "sources.txt";

  static final String ENDING = ".ptx.gz";

  /** Begins the first line, which names the program. */
  static final String MARK = "// Lamina module ";

  private static final int HASH_BYTES = 16;

  @Override
  public Map<ProgramKey, byte[]> images(Set<ProgramKey> programs) {
    Map<ProgramKey, byte[]> images = new LinkedHashMap<>();
    programs.forEach(key -> images.put(key, image(key.name())));
    return images;
  }

  /** The PTX of the program with this name. */
  static byte[] image(String name) {
    try (InputStream in = PtxImages.class.getResourceAsStream("ptx/" + name + ENDING)) {
      if (in == null) {
        throw new DeviceException(
            DeviceException.Kind.COMPILE_FAILED, "the kernel " + name + " is not in this build");
      }
      return new GZIPInputStream(in).readAllBytes();
    } catch (IOException e) {
      throw new DeviceException(
          DeviceException.Kind.COMPILE_FAILED,
          "the kernel " + name + " cannot be read from this build: " + e.getMessage(),
          e);
    }
  }

  /** The hash of a program's text. */
  static String hash(String text) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash, 0, HASH_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  /** Reads the list of programs: hashes by name. */
  static Map<String, String> sources(String text) {
    Map<String, String> hashes = new TreeMap<>();
    text.lines().map(line -> line.split(" ")).forEach(words -> hashes.put(words[0], words[1]));
    return hashes;
  }
}
