package dev.lamina.testing;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Finds reference data that is not part of the repository: the folder {@code shared} beside the
 * checkout, or the one that the system property {@code lamina.shared} names.
 */
public final class Shared {
  private Shared() {}

  /**
   * The file or folder {@code shared/reference/NAME}; skips the calling test, saying so, where it
   * is absent.
   */
  public static Path reference(String name) {
    Path path = root().resolve("reference").resolve(name);
    assumeTrue(Files.exists(path), () -> "skipped: reference data not found at " + path);
    return path;
  }

  /** Whether there is {@code shared/reference/NAME}. */
  public static boolean has(String name) {
    return Files.exists(root().resolve("reference").resolve(name));
  }

  private static Path root() {
    String property = System.getProperty("lamina.shared");
    if (property != null) {
      return Path.of(property);
    }
    Path working = Path.of("").toAbsolutePath();
    for (Path dir = working; dir != null; dir = dir.getParent()) {
      Path shared = dir.resolveSibling("shared");
      if (Files.isDirectory(shared.resolve("reference"))) {
        return shared;
      }
    }
    return working.resolveSibling("shared");
  }
}
