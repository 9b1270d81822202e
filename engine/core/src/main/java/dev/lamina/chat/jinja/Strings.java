package dev.lamina.chat.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;

/** Python's string operations on Java strings; their results are booked by the callers. */
final class Strings {
  private Strings() {}

  static boolean isUpper(String s) {
    boolean cased = s.codePoints().anyMatch(c -> Character.isUpperCase(c));
    return cased
        && s.codePoints().noneMatch(c -> Character.isLowerCase(c) || Character.isTitleCase(c));
  }

  static boolean isLower(String s) {
    boolean cased = s.codePoints().anyMatch(c -> Character.isLowerCase(c));
    return cased
        && s.codePoints().noneMatch(c -> Character.isUpperCase(c) || Character.isTitleCase(c));
  }

  static boolean isTitle(String s) {
    boolean inWord = false;
    boolean any = false;
    for (int c : s.codePoints().toArray()) {
      boolean upper = Character.isUpperCase(c) || Character.isTitleCase(c);
      boolean lower = Character.isLowerCase(c);
      if (upper && inWord || lower && !inWord) {
        return false;
      }
      inWord = upper || lower;
      any |= inWord;
    }
    return any;
  }

  /** Whether there are characters and all of them are so. */
  static boolean all(String s, IntPredicate predicate) {
    return !s.isEmpty() && s.codePoints().allMatch(predicate);
  }

  static boolean isDecimal(int c) {
    return Character.getType(c) == Character.DECIMAL_DIGIT_NUMBER;
  }

  static boolean isNumeric(int c) {
    int type = Character.getType(c);
    return type == Character.DECIMAL_DIGIT_NUMBER
        || type == Character.LETTER_NUMBER
        || type == Character.OTHER_NUMBER;
  }

  static boolean isIdentifier(String s) {
    if (s.isEmpty()) {
      return false;
    }
    int first = s.codePointAt(0);
    return (first == '_' || Character.isUnicodeIdentifierStart(first))
        && s.codePoints()
            .allMatch(
                c -> Character.isUnicodeIdentifierPart(c) && !Character.isIdentifierIgnorable(c));
  }

  static String capitalize(String s) {
    if (s.isEmpty()) {
      return s;
    }
    int first = s.offsetByCodePoints(0, 1);
    return s.substring(0, first).toUpperCase(Locale.ROOT)
        + s.substring(first).toLowerCase(Locale.ROOT);
  }

  /** {@code str.title}: a capital at the beginning of each run of letters. */
  static String title(String s) {
    StringBuilder out = new StringBuilder(s.length());
    boolean inWord = false;
    for (int c : s.codePoints().toArray()) {
      boolean letter = Character.isLetter(c);
      out.appendCodePoint(
          !letter ? c : inWord ? Character.toLowerCase(c) : Character.toTitleCase(c));
      inWord = letter;
    }
    return out.toString();
  }

  static String swapCase(String s) {
    StringBuilder out = new StringBuilder(s.length());
    s.codePoints()
        .forEach(
            c ->
                out.appendCodePoint(
                    Character.isUpperCase(c)
                        ? Character.toLowerCase(c)
                        : Character.toUpperCase(c)));
    return out.toString();
  }

  /** Strips white space (where {@code chars} is null) or any of the characters given. */
  static String strip(String s, String chars, boolean start, boolean end) {
    int from = 0;
    int to = s.length();
    while (start && from < to && strips(s.codePointAt(from), chars)) {
      from += Character.charCount(s.codePointAt(from));
    }
    while (end && to > from && strips(s.codePointBefore(to), chars)) {
      to -= Character.charCount(s.codePointBefore(to));
    }
    return s.substring(from, to);
  }

  private static boolean strips(int c, String chars) {
    return chars == null ? Text.isSpace(c) : chars.indexOf(c) >= 0;
  }

  /** {@code str.split}: at white space where the separator is null; {@code most} cuts, or -1. */
  static List<String> split(String s, String separator, int most) {
    List<String> parts = new ArrayList<>();
    int at = 0;
    if (separator == null) {
      at = Text.skipSpace(s, 0);
      while (at < s.length()) {
        if (most >= 0 && parts.size() == most) {
          parts.add(s.substring(at));
          return parts;
        }
        int end = at;
        while (end < s.length() && !Text.isSpace(s.charAt(end))) {
          end++;
        }
        parts.add(s.substring(at, end));
        at = Text.skipSpace(s, end);
      }
      return parts;
    }
    while (most < 0 || parts.size() < most) {
      int next = s.indexOf(separator, at);
      if (next < 0) {
        break;
      }
      parts.add(s.substring(at, next));
      at = next + separator.length();
    }
    parts.add(s.substring(at));
    return parts;
  }

  /** {@code str.rsplit}. */
  static List<String> splitFromEnd(String s, String separator, int most) {
    if (most < 0) {
      return split(s, separator, most);
    }
    List<String> parts = new ArrayList<>();
    if (separator == null) {
      String rest = Text.stripEnd(s);
      while (!rest.isEmpty() && parts.size() < most) {
        int start = rest.length();
        while (start > 0 && !Text.isSpace(rest.charAt(start - 1))) {
          start--;
        }
        parts.addFirst(rest.substring(start));
        rest = Text.stripEnd(rest.substring(0, start));
      }
      if (!rest.isEmpty()) {
        parts.addFirst(rest);
      }
      return parts;
    }
    int end = s.length();
    while (parts.size() < most) {
      int at = s.lastIndexOf(separator, end - separator.length());
      if (at < 0 || end < separator.length()) {
        break;
      }
      parts.addFirst(s.substring(at + separator.length(), end));
      end = at;
    }
    parts.addFirst(s.substring(0, end));
    return parts;
  }

  /** {@code str.splitlines}, at all that Python takes for the end of a line. */
  static List<String> splitLines(String s, boolean keepEnds) {
    List<String> lines = new ArrayList<>();
    int start = 0;
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      boolean end =
          c >= 10 && c <= 13 || c >= 0x1c && c <= 0x1e || c == 0x85 || c == 0x2028 || c == 0x2029;
      if (end) {
        int next = c == '\r' && i + 1 < s.length() && s.charAt(i + 1) == '\n' ? i + 2 : i + 1;
        lines.add(s.substring(start, keepEnds ? next : i));
        start = next;
        i = next - 1;
      }
    }
    if (start < s.length()) {
      lines.add(s.substring(start));
    }
    return lines;
  }

  static String expandTabs(String s, int size) {
    StringBuilder out = new StringBuilder();
    int column = 0;
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      if (c == '\t') {
        int spaces = size <= 0 ? 0 : size - column % size;
        out.append(" ".repeat(spaces));
        column += spaces;
      } else {
        out.append(c);
        column = c == '\n' || c == '\r' ? 0 : column + 1;
      }
    }
    return out.toString();
  }

  /** {@code str.replace}; {@code most} times, or always where it is negative. */
  static String replace(String s, String old, String with, int most) {
    if (most < 0) {
      // Between characters, not between the halves of a surrogate pair.
      if (!old.isEmpty()) {
        return s.replace(old, with);
      }
    }
    StringBuilder out = new StringBuilder();
    int at = 0;
    int done = 0;
    if (old.isEmpty()) {
      while (most < 0 || done < most) {
        out.append(with);
        done++;
        if (at >= s.length()) {
          return out.toString();
        }
        int next = s.offsetByCodePoints(at, 1);
        out.append(s, at, next);
        at = next;
      }
      return out.append(s, at, s.length()).toString();
    }
    for (int next = s.indexOf(old); next >= 0 && done < most; next = s.indexOf(old, at)) {
      out.append(s, at, next).append(with);
      at = next + old.length();
      done++;
    }
    return out.append(s, at, s.length()).toString();
  }

  static int count(String s, String part) {
    if (part.isEmpty()) {
      return Text.length(s) + 1;
    }
    int count = 0;
    for (int at = s.indexOf(part); at >= 0; at = s.indexOf(part, at + part.length())) {
      count++;
    }
    return count;
  }

  /** {@code s} in the middle of {@code width} characters, as {@code str.center} places it. */
  static String center(String s, int width, String fill) {
    int pad = width - Text.length(s);
    if (pad <= 0) {
      return s;
    }
    int left = pad / 2 + (pad & width & 1);
    return fill.repeat(left) + s + fill.repeat(pad - left);
  }

  static String zeroFill(String s, int width) {
    int pad = width - Text.length(s);
    if (pad <= 0) {
      return s;
    }
    boolean sign = s.startsWith("-") || s.startsWith("+");
    return sign ? s.charAt(0) + "0".repeat(pad) + s.substring(1) : "0".repeat(pad) + s;
  }

  /** The five characters of HTML, as markupsafe writes them. */
  static String escapeHtml(String s) {
    return s.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("'", "&#39;")
        .replace("\"", "&#34;");
  }
}
