package dev.lamina.app;

import dev.lamina.Folders;
import dev.lamina.LaminaException;
import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;
import java.util.zip.CRC32;

/**
 * The small model that is part of the program, so that {@code lamina run} answers on a machine that
 * has nothing else. A model is mapped from a file, so it is copied out of the jar once, to the
 * user's cache folder.
 */
final class DemoModel {

  private static final String RESOURCE = "demo.gguf";

  private DemoModel() {}

  /**
   * The model as a file, copied out of the jar where that has not been done or the copy is not what
   * the jar holds.
   *
   * @throws LaminaException where no folder can be written to
   */
  static Path file() {
    URL url = DemoModel.class.getResource(RESOURCE);
    if (url == null) {
      throw new LaminaException(
          "this build is without its demo model ("
              + RESOURCE
              + "): name a model with -m FILE.gguf");
    }
    try {
      if (url.getProtocol().equals("file")) {
        return Path.of(URI.create(url.toString()));
      }
      URLConnection connection = url.openConnection();
      if (!(connection instanceof JarURLConnection jar)) {
        throw new LaminaException("the demo model is at " + url + ", which is no file and no jar");
      }
      long size = jar.getJarEntry().getSize();
      long crc = jar.getJarEntry().getCrc();
      String name = String.format(Locale.ROOT, "demo-%08x.gguf", crc);
      try {
        return copy(url, Folders.cache(), name, size, crc);
      } catch (IOException e) {
        // No home, a full disk, a read-only container: the temporary folder may still do.
        return copy(url, Path.of(System.getProperty("java.io.tmpdir"), "lamina"), name, size, crc);
      }
    } catch (IOException e) {
      throw new LaminaException(
          "the demo model could not be copied out of the program ("
              + e
              + "): set XDG_CACHE_HOME to"
              + " a folder that can be written to, or name a model with -m FILE.gguf",
          e);
    }
  }

  private static Path copy(URL url, Path folder, String name, long size, long crc)
      throws IOException {
    Path file = folder.resolve(name);
    if (Files.isRegularFile(file) && Files.size(file) == size && crc(file) == crc) {
      return file;
    }
    Files.createDirectories(folder);
    // Whole or not at all: another start may be looking at the same moment.
    Path part = Files.createTempFile(folder, name, ".part");
    try {
      try (InputStream in = url.openStream()) {
        Files.copy(in, part, StandardCopyOption.REPLACE_EXISTING);
      }
      if (crc(part) != crc) {
        throw new IOException("the copy at " + part + " is not what was written");
      }
      return Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  private static long crc(Path file) throws IOException {
    var crc = new CRC32();
    crc.update(Files.readAllBytes(file));
    return crc.getValue();
  }
}
