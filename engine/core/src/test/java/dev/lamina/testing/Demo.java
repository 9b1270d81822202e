package dev.lamina.testing;

import java.nio.file.Files;
import java.nio.file.Path;

/** The demo model (Q8_0) that the program ships, taken from where the program's sources have it. */
public final class Demo {
  private Demo() {}

  public static Path model() {
    String inside = "engine/app/src/main/resources/dev/lamina/app/demo.gguf";
    for (Path dir = Path.of("").toAbsolutePath(); dir != null; dir = dir.getParent()) {
      Path file = dir.resolve(inside);
      if (Files.exists(file)) {
        return file;
      }
    }
    throw new AssertionError("the repository has no " + inside);
  }
}
