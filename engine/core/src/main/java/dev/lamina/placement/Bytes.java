package dev.lamina.placement;

import java.util.Locale;

/** Sizes of memory for people: binary units, as drivers and system monitors show them. */
final class Bytes {
  private Bytes() {}

  /** Such as {@code 24.0 GiB}, {@code 350 MiB} or {@code 12 KiB}. */
  static String text(long bytes) {
    double mib = bytes / (double) (1 << 20);
    if (mib >= 1024) {
      return String.format(Locale.ROOT, "%.1f GiB", mib / 1024);
    }
    if (mib >= 10) {
      return String.format(Locale.ROOT, "%.0f MiB", mib);
    }
    if (mib >= 1) {
      return String.format(Locale.ROOT, "%.1f MiB", mib);
    }
    return (bytes + 1023) / 1024 + " KiB";
  }
}
