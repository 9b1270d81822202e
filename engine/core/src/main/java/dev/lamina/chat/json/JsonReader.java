package dev.lamina.chat.json;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One pass over one text. */
final class JsonReader {
  private static final int MAX_DEPTH = 200;

  /** Digits of an integer; a longer one is an error, since reading it takes quadratic time. */
  private static final int MAX_DIGITS = 4_000;

  private final String text;
  private int pos;

  JsonReader(String text) {
    this.text = text;
  }

  Object document() {
    Object value = value(0);
    space();
    if (pos < text.length()) {
      throw error("there is more after the value");
    }
    return value;
  }

  private JsonException error(String problem) {
    return new JsonException(pos, problem);
  }

  private void space() {
    while (pos < text.length() && " \t\n\r".indexOf(text.charAt(pos)) >= 0) {
      pos++;
    }
  }

  private char next() {
    if (pos >= text.length()) {
      throw error("the text ends too early");
    }
    return text.charAt(pos);
  }

  private boolean skip(char c) {
    if (pos < text.length() && text.charAt(pos) == c) {
      pos++;
      return true;
    }
    return false;
  }

  private void expect(char c) {
    if (next() != c) {
      throw error("'" + c + "' was expected, not '" + next() + "'");
    }
    pos++;
  }

  private Object value(int depth) {
    if (depth > MAX_DEPTH) {
      throw error("values nest deeper than " + MAX_DEPTH + " levels");
    }
    space();
    return switch (next()) {
      case '{' -> object(depth);
      case '[' -> array(depth);
      case '"' -> string();
      case 't' -> word("true", true);
      case 'f' -> word("false", false);
      case 'n' -> word("null", null);
      default -> number();
    };
  }

  private Object word(String word, Object value) {
    if (!text.startsWith(word, pos)) {
      throw error("'" + word + "' was expected");
    }
    pos += word.length();
    return value;
  }

  private Map<String, Object> object(int depth) {
    Map<String, Object> map = new LinkedHashMap<>();
    expect('{');
    space();
    if (skip('}')) {
      return map;
    }
    do {
      space();
      int at = pos;
      String key = string();
      space();
      expect(':');
      Object value = value(depth + 1);
      if (map.containsKey(key)) {
        pos = at;
        throw error("the key \"" + key + "\" is there twice");
      }
      map.put(key, value);
      space();
    } while (skip(','));
    expect('}');
    return map;
  }

  private List<Object> array(int depth) {
    List<Object> list = new ArrayList<>();
    expect('[');
    space();
    if (skip(']')) {
      return list;
    }
    do {
      list.add(value(depth + 1));
      space();
    } while (skip(','));
    expect(']');
    return list;
  }

  private String string() {
    expect('"');
    int start = pos;
    while (next() != '"' && next() != '\\' && next() >= 0x20) {
      pos++;
    }
    if (next() == '"') {
      return text.substring(start, pos++);
    }
    StringBuilder s = new StringBuilder(text.substring(start, pos));
    while (true) {
      char c = next();
      if (c < 0x20) {
        throw error("a control character in a string is not escaped");
      }
      pos++;
      if (c == '"') {
        return s.toString();
      }
      s.append(c == '\\' ? escape() : c);
    }
  }

  private char escape() {
    char c = next();
    pos++;
    return switch (c) {
      case '"', '\\', '/' -> c;
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'u' -> {
        int value = 0;
        for (int i = 0; i < 4; i++, pos++) {
          int digit = next() < 128 ? Character.digit(next(), 16) : -1;
          if (digit < 0) {
            throw error("\\u needs four hexadecimal digits");
          }
          value = value << 4 | digit;
        }
        yield (char) value;
      }
      default -> throw error("'\\" + c + "' is no escape");
    };
  }

  private int digits() {
    int start = pos;
    while (pos < text.length() && text.charAt(pos) >= '0' && text.charAt(pos) <= '9') {
      pos++;
    }
    if (pos == start) {
      throw error(pos < text.length() ? "a value was expected" : "the text ends too early");
    }
    if (pos - start > MAX_DIGITS) {
      throw error("a number has more than " + MAX_DIGITS + " digits");
    }
    return pos - start;
  }

  private Object number() {
    int start = pos;
    skip('-');
    int first = pos;
    if (digits() > 1 && text.charAt(first) == '0') {
      pos = first;
      throw error("a number begins with 0");
    }
    boolean real = false;
    if (skip('.')) {
      digits();
      real = true;
    }
    if (skip('e') || skip('E')) {
      if (!skip('+')) {
        skip('-');
      }
      digits();
      real = true;
    }
    String number = text.substring(start, pos);
    if (real) {
      return Double.valueOf(number);
    }
    if (number.length() <= 18) {
      return Long.valueOf(number);
    }
    BigInteger big = new BigInteger(number);
    return big.bitLength() < 64 ? (Object) big.longValue() : big;
  }
}
