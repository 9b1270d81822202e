package dev.lamina.model;

import java.util.Locale;
import java.util.Optional;

/** How positions beyond the trained context are brought into it ({@code --rope-scaling}). */
public enum RopeScaling {
  NONE,
  LINEAR,
  YARN;

  /** The scaling that files and options call {@code name}. */
  public static Optional<RopeScaling> byName(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "none" -> Optional.of(NONE);
      case "linear" -> Optional.of(LINEAR);
      case "yarn" -> Optional.of(YARN);
      default -> Optional.empty();
    };
  }
}
