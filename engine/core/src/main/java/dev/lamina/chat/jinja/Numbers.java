package dev.lamina.chat.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;

/** Numbers as text, by the letters of C's and Python's formats, and text as numbers. */
final class Numbers {
  static final int MAX_PRECISION = 1_000;

  private Numbers() {}

  /**
   * The magnitude of {@code d}, without its sign.
   *
   * @param letter one of {@code eEfFgG%}
   */
  static String format(double d, char letter, int precision, boolean alternate) {
    if (Double.isNaN(d) || Double.isInfinite(d)) {
      String name = Double.isNaN(d) ? "nan" : "inf";
      String text = Character.isUpperCase(letter) ? name.toUpperCase(Locale.ROOT) : name;
      return letter == '%' ? text + "%" : text;
    }
    double magnitude = Math.abs(d);
    return switch (letter) {
      case 'f', 'F' -> fixed(magnitude, precision, alternate);
      case '%' -> fixed(magnitude * 100, precision, alternate) + "%";
      case 'e' -> exponent(magnitude, precision, alternate);
      case 'E' -> exponent(magnitude, precision, alternate).toUpperCase(Locale.ROOT);
      case 'g' -> general(magnitude, precision, alternate);
      default -> general(magnitude, precision, alternate).toUpperCase(Locale.ROOT);
    };
  }

  private static String fixed(double d, int precision, boolean alternate) {
    if (Double.isInfinite(d)) {
      return "inf";
    }
    String text = new BigDecimal(d).setScale(precision, RoundingMode.HALF_EVEN).toPlainString();
    return alternate && precision == 0 ? text + "." : text;
  }

  private static String exponent(double d, int precision, boolean alternate) {
    BigDecimal rounded =
        new BigDecimal(d).round(new MathContext(precision + 1, RoundingMode.HALF_EVEN));
    StringBuilder digits = new StringBuilder(rounded.unscaledValue().toString());
    int exponent = d == 0 ? 0 : digits.length() - 1 - rounded.scale();
    while (digits.length() < precision + 1) {
      digits.append('0');
    }
    digits.setLength(precision + 1);
    if (precision > 0 || alternate) {
      digits.insert(1, '.');
    }
    digits.append('e').append(exponent < 0 ? '-' : '+');
    return digits.append(Math.abs(exponent) < 10 ? "0" : "").append(Math.abs(exponent)).toString();
  }

  private static String general(double d, int precision, boolean alternate) {
    int digits = Math.max(1, precision);
    BigDecimal rounded = new BigDecimal(d).round(new MathContext(digits, RoundingMode.HALF_EVEN));
    int exponent = d == 0 ? 0 : rounded.precision() - 1 - rounded.scale();
    if (exponent >= -4 && exponent < digits) {
      String text = fixed(d, digits - 1 - exponent, alternate);
      return alternate ? text : trimZeros(text);
    }
    String text = exponent(d, digits - 1, alternate);
    int e = text.indexOf('e');
    return alternate ? text : trimZeros(text.substring(0, e)) + text.substring(e);
  }

  private static String trimZeros(String text) {
    if (text.indexOf('.') < 0) {
      return text;
    }
    int end = text.length();
    while (text.charAt(end - 1) == '0') {
      end--;
    }
    return text.substring(0, text.charAt(end - 1) == '.' ? end - 1 : end);
  }

  /** Digits in groups of three from the right; what is no digit in front stays in front. */
  static String group(String text, char separator, int size) {
    int end = 0;
    while (end < text.length() && Character.digit(text.charAt(end), 16) >= 0) {
      end++;
    }
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < end; i++) {
      if (i > 0 && (end - i) % size == 0) {
        out.append(separator);
      }
      out.append(text.charAt(i));
    }
    return out.append(text.substring(end)).toString();
  }

  /** Python's {@code round}; half goes to the even neighbour. */
  static double round(double d, int digits, RoundingMode mode) {
    if (Double.isNaN(d) || Double.isInfinite(d) || digits > 400) {
      return d;
    }
    if (digits < -400) {
      return 0;
    }
    return new BigDecimal(d).setScale(digits, mode).doubleValue();
  }

  /** {@code int(text, base)}; null where it is none. */
  static BigInteger parseInteger(String text, int base) {
    String s = Strings.strip(text, null, true, true);
    boolean negative = s.startsWith("-");
    if (negative || s.startsWith("+")) {
      s = s.substring(1);
    }
    int radix = base;
    if (s.length() > 2 && s.charAt(0) == '0') {
      int prefixed =
          switch (s.charAt(1) | 32) {
            case 'x' -> 16;
            case 'o' -> 8;
            case 'b' -> 2;
            default -> 0;
          };
      if (prefixed != 0 && (base == 0 || base == prefixed)) {
        radix = prefixed;
        s = s.substring(2);
      }
    }
    radix = radix == 0 ? 10 : radix;
    if (radix < 2
        || radix > 36
        || s.length() > 4_300
        || !s.matches("[0-9A-Za-z]+(_[0-9A-Za-z]+)*")) {
      return null;
    }
    try {
      BigInteger n = new BigInteger(s.replace("_", ""), radix);
      return negative ? n.negate() : n;
    } catch (NumberFormatException e) {
      return null;
    }
  }

  /** {@code float(text)}; null where it is none. */
  static Double parseFloat(String text) {
    String s = Strings.strip(text, null, true, true).toLowerCase(Locale.ROOT);
    if (s.length() > 1_000) {
      return null;
    }
    switch (s) {
      case "nan", "+nan", "-nan" -> {
        return Double.NaN;
      }
      case "inf", "+inf", "infinity", "+infinity" -> {
        return Double.POSITIVE_INFINITY;
      }
      case "-inf", "-infinity" -> {
        return Double.NEGATIVE_INFINITY;
      }
      default -> {
        String plain = s.replaceAll("(?<=[0-9])_(?=[0-9])", "");
        return plain.matches("[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)(e[+-]?[0-9]+)?")
            ? Double.valueOf(plain)
            : null;
      }
    }
  }
}
