package dev.lamina.cuda.standin;

import static org.junit.jupiter.api.Assertions.fail;

import dev.lamina.testing.Requirement;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs g++; what has been made from the same texts before is not made again. */
final class Compiler {
  private static final long MOST_SECONDS = 300;

  private Compiler() {}

  /** Skips the test, or lets it fail where these devices are required. */
  static void require(String backend) {
    if (!System.getProperty("os.arch").equals("amd64")
        || !System.getProperty("os.name").equals("Linux")) {
      Requirement.missing(backend, "the stand-in driver runs on Linux on x86-64 only");
    }
    try {
      run(List.of("g++", "--version"));
    } catch (IOException e) {
      Requirement.missing(
          backend, "there is no g++ to build the stand-in driver with: install g++");
    }
  }

  /**
   * Makes {@code target} by a command that writes to the path {@code @}, unless it was made by the
   * same command from the same sources.
   */
  static void make(Path target, List<Path> sources, List<String> command) {
    try {
      Files.createDirectories(target.getParent());
      String hash = hash(sources, command);
      Path mark = target.resolveSibling(target.getFileName() + ".made");
      if (Files.exists(target) && Files.exists(mark) && Files.readString(mark).equals(hash)) {
        return;
      }
      Path made = target.resolveSibling(target.getFileName() + ".new");
      String said =
          run(command.stream().map(word -> word.equals("@") ? made.toString() : word).toList());
      if (said != null) {
        fail("g++ failed on " + target.getFileName() + ":\n" + said);
      }
      Files.move(made, target, StandardCopyOption.REPLACE_EXISTING);
      Files.writeString(mark, hash);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String hash(List<Path> sources, List<String> command) throws IOException {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
    for (Path source : sources) {
      digest.update(Files.readAllBytes(source));
    }
    digest.update(String.join(" ", command).getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().formatHex(digest.digest());
  }

  /** Runs a command; returns what it said where it failed, else null. */
  static String run(List<String> command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said;
    try (InputStream out = process.getInputStream()) {
      process.getOutputStream().close();
      said = new String(out.readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(MOST_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        return said + "\n(no end within " + MOST_SECONDS + " s)";
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "interrupted";
    }
    return process.exitValue() == 0 ? null : said;
  }

  /** The files of the folder of native sources with these names. */
  static List<Path> sources(String... names) {
    List<Path> paths = new ArrayList<>();
    for (String name : names) {
      paths.add(folder().resolve(name));
    }
    return paths;
  }

  static Path folder() {
    return Path.of("src", "test", "native").toAbsolutePath();
  }

  static Path target() {
    return Path.of("target", "stand-in").toAbsolutePath();
  }
}
