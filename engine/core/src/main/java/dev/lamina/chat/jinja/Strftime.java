package dev.lamina.chat.jinja;

import java.time.LocalDateTime;
import java.time.format.TextStyle;
import java.time.temporal.IsoFields;
import java.util.Locale;

/** C's {@code strftime} in the C locale, with glibc's {@code %-d} and the like. */
final class Strftime {
  private Strftime() {}

  static String format(String format, Work work) {
    work.chars(32L * format.length());
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%' || i + 1 == format.length()) {
        out.append(c);
        continue;
      }
      c = format.charAt(++i);
      char flag = 0;
      if ((c == '-' || c == '_' || c == '0' || c == '^') && i + 1 < format.length()) {
        flag = c;
        c = format.charAt(++i);
      }
      String text = field(c, flag, work.now);
      out.append(text == null ? "%" + (flag == 0 ? "" : flag) + c : text);
    }
    return out.toString();
  }

  private static String number(int n, int width, char pad, char flag) {
    String digits = Integer.toString(n);
    char filler = flag == '_' ? ' ' : flag == '0' ? '0' : pad;
    return flag == '-'
        ? digits
        : String.valueOf(filler).repeat(Math.max(0, width - digits.length())) + digits;
  }

  /** One field; null where there is none of that letter. */
  private static String field(char letter, char flag, LocalDateTime t) {
    int weekday = t.getDayOfWeek().getValue() % 7;
    int hour12 = (t.getHour() + 11) % 12 + 1;
    String text =
        switch (letter) {
          case 'Y' -> Integer.toString(t.getYear());
          case 'C' -> number(t.getYear() / 100, 2, '0', flag);
          case 'y' -> number(t.getYear() % 100, 2, '0', flag);
          case 'm' -> number(t.getMonthValue(), 2, '0', flag);
          case 'd' -> number(t.getDayOfMonth(), 2, '0', flag);
          case 'e' -> number(t.getDayOfMonth(), 2, ' ', flag);
          case 'H' -> number(t.getHour(), 2, '0', flag);
          case 'I' -> number(hour12, 2, '0', flag);
          case 'k' -> number(t.getHour(), 2, ' ', flag);
          case 'l' -> number(hour12, 2, ' ', flag);
          case 'M' -> number(t.getMinute(), 2, '0', flag);
          case 'S' -> number(t.getSecond(), 2, '0', flag);
          case 'f' -> number(t.getNano() / 1000, 6, '0', (char) 0);
          case 'j' -> number(t.getDayOfYear(), 3, '0', flag);
          case 'u' -> Integer.toString(t.getDayOfWeek().getValue());
          case 'w' -> Integer.toString(weekday);
          case 'U' -> number((t.getDayOfYear() + 6 - weekday) / 7, 2, '0', flag);
          case 'W' -> number((t.getDayOfYear() + 6 - (weekday + 6) % 7) / 7, 2, '0', flag);
          case 'V' -> number(t.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR), 2, '0', flag);
          case 'G' -> Integer.toString(t.get(IsoFields.WEEK_BASED_YEAR));
          case 'A' -> t.getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
          case 'a' -> t.getDayOfWeek().getDisplayName(TextStyle.SHORT, Locale.ENGLISH);
          case 'B' -> t.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
          case 'b', 'h' -> t.getMonth().getDisplayName(TextStyle.SHORT, Locale.ENGLISH);
          case 'p' -> t.getHour() < 12 ? "AM" : "PM";
          case 'P' -> t.getHour() < 12 ? "am" : "pm";
          case 'n' -> "\n";
          case 't' -> "\t";
          case '%' -> "%";
          case 'z', 'Z' -> "";
          case 'D', 'x' -> all("mdy", "/", t);
          case 'F' -> all("Ymd", "-", t);
          case 'R' -> all("HM", ":", t);
          case 'T', 'X' -> all("HMS", ":", t);
          case 'r' -> all("IMS", ":", t) + " " + field('p', flag, t);
          case 'c' -> all("abeTY", " ", t);
          default -> null;
        };
    return text != null && flag == '^' ? text.toUpperCase(Locale.ROOT) : text;
  }

  private static String all(String letters, String separator, LocalDateTime t) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < letters.length(); i++) {
      out.append(i == 0 ? "" : separator).append(field(letters.charAt(i), (char) 0, t));
    }
    return out.toString();
  }
}
