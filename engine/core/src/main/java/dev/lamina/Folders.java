package dev.lamina;

import java.nio.file.Path;
import java.util.Locale;

/** Where the system wants a program to keep its files. */
public final class Folders {

  private Folders() {}

  /** For what can be made again. May not exist yet. */
  public static Path cache() {
    return choose("XDG_CACHE_HOME", ".cache", Path.of("Library", "Caches"));
  }

  /** For what belongs to the user, such as the history of typed lines. May not exist yet. */
  public static Path state() {
    return choose("XDG_STATE_HOME", ".local/state", Path.of("Library", "Application Support"));
  }

  private static Path choose(String variable, String linux, Path mac) {
    Path home = Path.of(System.getProperty("user.home"));
    String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    String xdg = System.getenv(variable);
    String local = System.getenv("LOCALAPPDATA");
    Path base;
    // A relative path in an XDG variable is to be ignored, says its specification.
    if (xdg != null && Path.of(xdg).isAbsolute()) {
      base = Path.of(xdg);
    } else if (os.startsWith("windows") && local != null) {
      base = Path.of(local);
    } else if (os.startsWith("mac")) {
      base = home.resolve(mac);
    } else {
      base = home.resolve(linux);
    }
    return base.resolve("lamina");
  }
}
