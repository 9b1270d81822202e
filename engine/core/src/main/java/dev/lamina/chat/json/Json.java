package dev.lamina.chat.json;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * JSON (RFC 8259) to and from plain Java values: {@code Map<String, Object>} in the order of the
 * text, {@code List<Object>}, {@code String}, {@code Long} ({@code BigInteger} where 64 bits do not
 * hold it), {@code Double}, {@code Boolean} and {@code null}.
 *
 * <p>Written as Python's {@code json.dumps} writes with {@code ensure_ascii=False}, which is what
 * chat templates were made with: a space after a comma and a colon, unless a {@link Format} says
 * otherwise.
 */
public final class Json {
  /**
   * How to write.
   *
   * @param indent what one level of nesting is indented by; null for all in one line
   * @param itemSeparator between elements; before the newline where there is an indent
   * @param keySeparator between a key and its value
   * @param sortKeys whether keys are sorted
   * @param maxLength most characters of the text
   */
  public record Format(
      String indent, String itemSeparator, String keySeparator, boolean sortKeys, long maxLength) {
    /** One line, {@code {"a": [1, 2]}}. */
    public static final Format LINE = new Format(null, ", ", ": ", false, 1L << 30);

    /** One line without spaces. */
    public static final Format COMPACT = new Format(null, ",", ":", false, 1L << 30);

    /** Two spaces a level. */
    public static final Format PRETTY = new Format("  ", ",", ": ", false, 1L << 30);
  }

  private static final int MAX_DEPTH = 200;

  private final Format format;
  private final StringBuilder out = new StringBuilder();

  private Json(Format format) {
    this.format = format;
  }

  /**
   * Reads one value, which must be all of the text.
   *
   * @throws JsonException where the text is not strict JSON, repeats a key, or nests deeper than
   *     200 levels
   */
  public static Object read(String text) {
    return new JsonReader(text).document();
  }

  /** Reads a JSON object. */
  @SuppressWarnings("unchecked")
  public static Map<String, Object> readObject(String text) {
    if (read(text) instanceof Map<?, ?> map) {
      return (Map<String, Object>) map;
    }
    throw new JsonException("an object was expected, not " + text.strip().charAt(0) + " ...");
  }

  /** Writes a value in one line. */
  public static String write(Object value) {
    return write(value, Format.LINE);
  }

  /**
   * Writes a value: maps (keys are written as Python does: strings, numbers, booleans, null),
   * lists, strings, numbers, booleans and null; NaN and infinities as Python's {@code NaN} and
   * {@code Infinity}.
   *
   * @throws JsonException for any other value, nesting over 200 levels, or text over the limit
   */
  public static String write(Object value, Format format) {
    Json json = new Json(format);
    json.value(value, 0);
    return json.out.toString();
  }

  private void value(Object value, int depth) {
    if (depth > MAX_DEPTH) {
      throw new JsonException("values nest deeper than " + MAX_DEPTH + " levels");
    }
    switch (value) {
      case null -> out.append("null");
      case Boolean b -> out.append(b);
      case String s -> string(s);
      case Double d -> out.append(number(d));
      case Float f -> out.append(number(f));
      case BigDecimal d -> out.append(d);
      case Number n -> out.append(n);
      case List<?> list -> list(list, depth);
      case Map<?, ?> map -> map(map, depth);
      default ->
          throw new JsonException("a " + value.getClass().getSimpleName() + " cannot be written");
    }
    if (out.length() > format.maxLength) {
      throw new JsonException("the text has more than " + format.maxLength + " characters");
    }
  }

  private void list(List<?> list, int depth) {
    out.append('[');
    String separator = "";
    for (Object element : list) {
      out.append(separator);
      newline(depth + 1);
      value(element, depth + 1);
      separator = format.itemSeparator;
    }
    if (!list.isEmpty()) {
      newline(depth);
    }
    out.append(']');
  }

  private void map(Map<?, ?> map, int depth) {
    out.append('{');
    String separator = "";
    Iterator<? extends Map.Entry<?, ?>> entries =
        (format.sortKeys ? sorted(map) : map).entrySet().iterator();
    while (entries.hasNext()) {
      Map.Entry<?, ?> entry = entries.next();
      out.append(separator);
      newline(depth + 1);
      string(key(entry.getKey()));
      out.append(format.keySeparator);
      value(entry.getValue(), depth + 1);
      separator = format.itemSeparator;
    }
    if (!map.isEmpty()) {
      newline(depth);
    }
    out.append('}');
  }

  private static Map<String, Object> sorted(Map<?, ?> map) {
    Map<String, Object> sorted = new TreeMap<>();
    map.forEach((key, value) -> sorted.put(key(key), value));
    return sorted;
  }

  private static String key(Object key) {
    return switch (key) {
      case null -> "null";
      case String s -> s;
      case Double d -> number(d);
      case Boolean b -> b.toString();
      case Number n -> n.toString();
      default ->
          throw new JsonException(
              "a " + key.getClass().getSimpleName() + " cannot be the key of an object");
    };
  }

  private void newline(int depth) {
    if (format.indent != null) {
      out.append('\n');
      for (int i = 0; i < depth; i++) {
        out.append(format.indent);
      }
    }
  }

  private void string(String s) {
    out.append('"');
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        default -> {
          if (c < 0x20) {
            out.append(String.format("\\u%04x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }

  /**
   * The shortest decimal that reads back as the same double, as Python's {@code repr} prints it:
   * {@code 1.0}, {@code 1e-05}, {@code 1e+16}.
   */
  public static String number(double d) {
    if (Double.isNaN(d)) {
      return "NaN";
    }
    if (Double.isInfinite(d)) {
      return d > 0 ? "Infinity" : "-Infinity";
    }
    if (d == 0) {
      return 1 / d < 0 ? "-0.0" : "0.0";
    }
    BigDecimal decimal = new BigDecimal(Double.toString(Math.abs(d))).stripTrailingZeros();
    if (decimal.precision() == 2) {
      // Java prints two digits where one would do: 4.9E-324 for 5e-324.
      BigDecimal shorter = decimal.round(new MathContext(1, RoundingMode.HALF_EVEN));
      decimal = shorter.doubleValue() == Math.abs(d) ? shorter.stripTrailingZeros() : decimal;
    }
    BigInteger unscaled = decimal.unscaledValue();
    String digits = unscaled.toString();
    // The value is 0.DIGITS times ten to the power of `point`.
    int point = digits.length() - decimal.scale();
    StringBuilder text = new StringBuilder(d < 0 ? "-" : "");
    if (point > 16 || point < -3) {
      text.append(digits.charAt(0));
      if (digits.length() > 1) {
        text.append('.').append(digits, 1, digits.length());
      }
      int exponent = point - 1;
      text.append('e').append(exponent < 0 ? '-' : '+');
      if (Math.abs(exponent) < 10) {
        text.append('0');
      }
      text.append(Math.abs(exponent));
    } else if (point <= 0) {
      text.append("0.").append("0".repeat(-point)).append(digits);
    } else if (point >= digits.length()) {
      text.append(digits).append("0".repeat(point - digits.length())).append(".0");
    } else {
      text.append(digits, 0, point).append('.').append(digits, point, digits.length());
    }
    return text.toString();
  }
}
