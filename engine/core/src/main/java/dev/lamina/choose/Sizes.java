package dev.lamina.choose;

import dev.lamina.LaminaException;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads sizes. Memory on a command line is binary ({@code 24G} is 24 GiB, as drivers and system
 * monitors count), files are decimal ({@code 42.52GB}, as model cards and disks count).
 */
public final class Sizes {
  private static final Pattern SIZE =
      Pattern.compile("(\\d+(?:\\.\\d+)?)\\s*([KMGT]?)(I?B?)", Pattern.CASE_INSENSITIVE);
  private static final Map<String, Integer> POWERS = Map.of("", 0, "K", 1, "M", 2, "G", 3, "T", 4);

  private Sizes() {}

  /**
   * Memory: {@code 24G}, {@code 24GB} and {@code 24GiB} are the same.
   *
   * @throws LaminaException where the text is no size, or has no unit
   */
  public static long memory(String text) {
    Matcher m = SIZE.matcher(text.strip());
    if (!m.matches() || (m.group(2).isEmpty() && m.group(3).isEmpty() && !m.group(1).equals("0"))) {
      throw new LaminaException(
          "'" + text + "' is no size of memory: give a number and a unit, such as 24G or 500M");
    }
    return bytes(m.group(1), 1024, m.group(2));
  }

  /**
   * A file's size: {@code 42.52GB} and {@code 42.52G} are decimal, {@code 39.6GiB} is binary, a
   * number alone is bytes.
   *
   * @throws LaminaException where the text is no size
   */
  public static long file(String text) {
    Matcher m = SIZE.matcher(text.strip());
    if (!m.matches()) {
      throw new LaminaException(
          "'" + text + "' is no size of a file: give a number and a unit, such as 42.52GB");
    }
    boolean binary = m.group(3).toUpperCase(Locale.ROOT).startsWith("I");
    return bytes(m.group(1), binary ? 1024 : 1000, m.group(2));
  }

  /** A file's size as the cards write it: {@code 42.52 GB}, of 10^9 bytes. */
  public static String gb(long bytes) {
    return String.format(Locale.ROOT, "%.2f GB", bytes / 1e9);
  }

  private static long bytes(String number, int base, String unit) {
    return Math.round(
        Double.parseDouble(number) * Math.pow(base, POWERS.get(unit.toUpperCase(Locale.ROOT))));
  }
}
