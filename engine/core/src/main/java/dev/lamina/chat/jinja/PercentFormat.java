package dev.lamina.chat.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;
import java.util.Locale;

/** {@code "..." % values}, as Python's printf-style formatting. */
final class PercentFormat {
  private final String format;
  private final Value values;
  private final Work work;
  private final List<Value> tuple;
  private int used;
  private int pos;

  private PercentFormat(String format, Value values, Work work) {
    this.format = format;
    this.values = values;
    this.work = work;
    this.tuple =
        values instanceof Value.Seq seq && seq.kind == Value.Seq.Kind.TUPLE
            ? seq.items
            : List.of(values);
  }

  static String format(String format, Value values, Work work) {
    PercentFormat run = new PercentFormat(format, values, work);
    String text = run.run();
    boolean named =
        values instanceof Value.Dict
            || values instanceof Value.Undefined
            || values instanceof Value.Seq s && s.kind != Value.Seq.Kind.TUPLE;
    if (run.used < run.tuple.size() && !named) {
      throw work.error("a format with '%' does not use all of its values");
    }
    return text;
  }

  private char next() {
    if (pos >= format.length()) {
      throw work.error("a format ends in the middle of a '%'");
    }
    return format.charAt(pos++);
  }

  private Value argument() {
    if (used >= tuple.size()) {
      throw work.error("a format with '%' needs more values");
    }
    return tuple.get(used++);
  }

  private String run() {
    StringBuilder out = new StringBuilder();
    work.chars(format.length());
    while (pos < format.length()) {
      char c = format.charAt(pos++);
      if (c == '%') {
        String field = field();
        work.chars(field.length());
        out.append(field);
      } else {
        out.append(c);
      }
    }
    return out.toString();
  }

  private int number(String what) {
    if (pos < format.length() && format.charAt(pos) == '*') {
      pos++;
      return Values.integer(argument(), what, work);
    }
    int n = 0;
    while (pos < format.length() && format.charAt(pos) >= '0' && format.charAt(pos) <= '9') {
      n = n * 10 + format.charAt(pos++) - '0';
      if (n > 100_000_000) {
        throw work.error(what + " of a format is too large");
      }
    }
    return n;
  }

  private String field() {
    Value named = null;
    if (pos < format.length() && format.charAt(pos) == '(') {
      int end = format.indexOf(')', pos);
      if (end < 0 || !(values instanceof Value.Dict dict)) {
        throw work.error("a format with '%(name)' needs a mapping");
      }
      String key = format.substring(pos + 1, end);
      named = dict.get(key);
      if (named == null) {
        throw work.error(
            "a format names what is not in the mapping: '" + Text.shorten(key, 40) + "'");
      }
      pos = end + 1;
    }
    String flags = "";
    while (pos < format.length() && "-+ #0".indexOf(format.charAt(pos)) >= 0) {
      flags += format.charAt(pos++);
      if (flags.length() > 10) {
        throw work.error("a format has too many flags");
      }
    }
    int width = number("the width");
    boolean left = flags.indexOf('-') >= 0 || width < 0;
    int precision = -1;
    if (pos < format.length() && format.charAt(pos) == '.') {
      pos++;
      precision = Math.max(0, number("the precision"));
    }
    while (pos < format.length() && "hlL".indexOf(format.charAt(pos)) >= 0) {
      pos++;
    }
    char letter = next();
    if (letter == '%') {
      return "%";
    }
    Value value = named != null ? named : argument();
    return pad(
        convert(letter, value, flags, precision), letter, flags, Math.abs((long) width), left);
  }

  private String pad(String text, char letter, String flags, long width, boolean left) {
    long missing = width - Text.length(text);
    if (missing <= 0) {
      return text;
    }
    work.chars(missing);
    if (left) {
      return text + " ".repeat((int) missing);
    }
    boolean zeros = flags.indexOf('0') >= 0 && "diouxXeEfFgG".indexOf(letter) >= 0;
    if (!zeros) {
      return " ".repeat((int) missing) + text;
    }
    int sign = !text.isEmpty() && "+- ".indexOf(text.charAt(0)) >= 0 ? 1 : 0;
    if (text.startsWith("0x", sign) || text.startsWith("0X", sign) || text.startsWith("0o", sign)) {
      sign += 2;
    }
    return text.substring(0, sign) + "0".repeat((int) missing) + text.substring(sign);
  }

  private String convert(char letter, Value value, String flags, int precision) {
    switch (letter) {
      case 's', 'r', 'a' -> {
        String text = letter == 's' ? Printer.str(value, work) : Printer.repr(value, work);
        return precision >= 0 && precision < Text.length(text)
            ? Text.slice(text, 0, precision)
            : text;
      }
      case 'c' -> {
        if (value instanceof Value.Str s && Text.length(s.text()) == 1) {
          return s.text();
        }
        int c = Values.integer(value, "a character", work);
        if (!Character.isValidCodePoint(c)) {
          throw work.error("there is no character " + c);
        }
        return Character.toString(c);
      }
      case 'd', 'i', 'u', 'x', 'X', 'o' -> {
        BigInteger n = integer(value, letter);
        String digits = n.abs().toString(letter == 'o' ? 8 : (letter | 32) == 'x' ? 16 : 10);
        limit(precision);
        digits = "0".repeat(Math.max(0, precision - digits.length())) + digits;
        if (flags.indexOf('#') >= 0 && "xXo".indexOf(letter) >= 0) {
          digits = "0" + Character.toLowerCase(letter) + digits;
        }
        return sign(n.signum() < 0, flags)
            + (letter == 'X' ? digits.toUpperCase(Locale.ROOT) : digits);
      }
      case 'e', 'E', 'f', 'F', 'g', 'G' -> {
        if (!(value instanceof Value.Num n)) {
          throw work.error("'%" + letter + "' needs a number, not a " + value.type());
        }
        limit(precision);
        double d = n.toDouble();
        boolean negative = d < 0 || d == 0 && 1 / d < 0;
        return sign(negative, flags)
            + Numbers.format(d, letter, precision < 0 ? 6 : precision, flags.indexOf('#') >= 0);
      }
      default -> throw work.error("a format has no letter '" + letter + "'");
    }
  }

  private void limit(int precision) {
    if (precision > Numbers.MAX_PRECISION) {
      throw work.error("the precision of a format is over " + Numbers.MAX_PRECISION);
    }
    work.steps(20);
  }

  private BigInteger integer(Value value, char letter) {
    if (value instanceof Value.Num n) {
      if (n.integer() != null) {
        return n.integer();
      }
      double d = n.toDouble();
      if ((letter == 'd' || letter == 'i' || letter == 'u') && Math.abs(d) < 1e300) {
        return new BigDecimal(d).toBigInteger();
      }
    }
    throw work.error("'%" + letter + "' needs an integer, not a " + value.type());
  }

  private static String sign(boolean negative, String flags) {
    return negative ? "-" : flags.indexOf('+') >= 0 ? "+" : flags.indexOf(' ') >= 0 ? " " : "";
  }
}
