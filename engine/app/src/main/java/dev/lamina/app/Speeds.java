package dev.lamina.app;

import java.util.Locale;

/** Speeds for people. */
final class Speeds {

  private Speeds() {}

  /** Such as {@code 21 tokens at 134.2 tokens/s}; without the speed where there is none. */
  static String of(int tokens, double perSecond) {
    String count = tokens + (tokens == 1 ? " token" : " tokens");
    return Double.isFinite(perSecond)
        ? count + String.format(Locale.ROOT, " at %.1f tokens/s", perSecond)
        : count;
  }
}
