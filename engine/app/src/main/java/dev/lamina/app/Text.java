package dev.lamina.app;

import java.util.List;
import java.util.Locale;

/** Numbers, tables and foreign text for people. */
final class Text {

  private Text() {}

  /** A size in binary units, such as {@code 5.11 MiB}. */
  static String bytes(long bytes) {
    String[] units = {"B", "KiB", "MiB", "GiB", "TiB"};
    double size = bytes;
    int unit = 0;
    while (size >= 1024 && unit < units.length - 1) {
      size /= 1024;
      unit++;
    }
    return unit == 0 ? bytes + " B" : String.format(Locale.ROOT, "%.2f %s", size, units[unit]);
  }

  /** A count in decimal units, such as {@code 4.99 M}. */
  static String count(long count) {
    String[] units = {"", " k", " M", " B", " T"};
    double size = count;
    int unit = 0;
    while (size >= 1000 && unit < units.length - 1) {
      size /= 1000;
      unit++;
    }
    return unit == 0
        ? Long.toString(count)
        : String.format(Locale.ROOT, "%.2f%s", size, units[unit]);
  }

  /**
   * Text from a file, safe to print in a terminal on one line: line ends and other control
   * characters, with which a file could drive the terminal, become escapes.
   *
   * @param most characters to keep; what is longer ends in "..."
   */
  static String printable(String text, int most) {
    var out = new StringBuilder();
    for (int i = 0; i < text.length(); ) {
      if (out.length() >= most) {
        return out.append("...").toString();
      }
      int c = text.codePointAt(i);
      i += Character.charCount(c);
      switch (c) {
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> {
          if (Character.isISOControl(c) || Character.getType(c) == Character.FORMAT) {
            out.append(String.format(Locale.ROOT, "\\u%04x", c));
          } else {
            out.appendCodePoint(c);
          }
        }
      }
    }
    return out.toString();
  }

  /**
   * A table with aligned columns, indented by two blanks.
   *
   * @param alignment a character for each column: {@code l} or {@code r}
   * @param rows the rows, the heading first
   */
  static String table(String alignment, List<List<String>> rows) {
    int columns = alignment.length();
    int[] width = new int[columns];
    for (List<String> row : rows) {
      for (int i = 0; i < columns; i++) {
        width[i] = Math.max(width[i], row.get(i).length());
      }
    }
    var out = new StringBuilder();
    for (List<String> row : rows) {
      var line = new StringBuilder();
      for (int i = 0; i < columns; i++) {
        String cell = row.get(i);
        int blanks = width[i] - cell.length();
        line.repeat(' ', 2 + (alignment.charAt(i) == 'r' ? blanks : 0)).append(cell);
        line.repeat(' ', alignment.charAt(i) == 'r' ? 0 : blanks);
      }
      out.append(line.toString().stripTrailing()).append('\n');
    }
    return out.toString();
  }
}
