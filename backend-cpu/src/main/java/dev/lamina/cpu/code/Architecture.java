package dev.lamina.cpu.code;

import java.util.Locale;

/** Processors that code is assembled for. */
public enum Architecture {
  X86_64,
  AARCH64;

  private static final Architecture HERE =
      switch (System.getProperty("os.arch").toLowerCase(Locale.ROOT)) {
        case "amd64", "x86_64" -> X86_64;
        case "aarch64" -> AARCH64;
        default -> null;
      };

  /** That of this virtual machine, or null where it is neither. */
  public static Architecture here() {
    return HERE;
  }
}
