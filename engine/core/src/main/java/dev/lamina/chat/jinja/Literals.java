package dev.lamina.chat.jinja;

/** Reads the strings and numbers of tags, which are Python's. */
final class Literals {
  /** Digits of a number; Python itself refuses integers of more than 4300. */
  private static final int MAX_DIGITS = 400;

  /**
   * A string or number.
   *
   * @param text the string's value; a number's digits, without underscores
   * @param end the position after it
   */
  record Literal(Token.Kind kind, String text, int end) {}

  private final String source;
  private final int line;
  private int pos;

  private Literals(String source, int pos, int line) {
    this.source = source;
    this.pos = pos;
    this.line = line;
  }

  /**
   * The number that begins at {@code pos}, with a digit.
   *
   * @param line for failures
   * @throws TemplateException where it is none, or too long
   */
  static Literal number(String source, int pos, int line) {
    return new Literals(source, pos, line).number();
  }

  /**
   * The string that begins at {@code pos}, with its quote.
   *
   * @param line for failures
   * @throws TemplateException where its end is missing, or an escape is none
   */
  static Literal string(String source, int pos, int line) {
    return new Literals(source, pos + 1, line).string(source.charAt(pos));
  }

  private TemplateException error(String problem) {
    return new TemplateException(line, problem);
  }

  private int digits(int at) {
    int end = at;
    while (end < source.length()) {
      char c = source.charAt(end);
      boolean digit = c >= '0' && c <= '9';
      boolean underscore = c == '_' && end > at && isDigit(end - 1) && isDigit(end + 1);
      if (!digit && !underscore) {
        break;
      }
      end++;
    }
    return end;
  }

  private boolean isDigit(int at) {
    return at >= 0 && at < source.length() && source.charAt(at) >= '0' && source.charAt(at) <= '9';
  }

  private Literal number() {
    int end = radixEnd();
    if (end > 0) {
      return new Literal(Token.Kind.INTEGER, source.substring(pos, end).replace("_", ""), end);
    }
    end = digits(pos);
    boolean real = false;
    // After a dot, as in items.0.1, digits are an index and never a float.
    if (pos == 0 || source.charAt(pos - 1) != '.') {
      if (end < source.length() && source.charAt(end) == '.' && isDigit(end + 1)) {
        end = digits(end + 1);
        real = true;
      }
      if (end < source.length() && (source.charAt(end) | 32) == 'e') {
        int exponent = end + 1;
        if (exponent < source.length() && "+-".indexOf(source.charAt(exponent)) >= 0) {
          exponent++;
        }
        if (isDigit(exponent)) {
          end = digits(exponent);
          real = true;
        }
      }
    }
    String text = source.substring(pos, end).replace("_", "");
    if (text.length() > MAX_DIGITS) {
      throw error("a number of more than " + MAX_DIGITS + " digits");
    }
    if (!real
        && text.length() > 1
        && text.charAt(0) == '0'
        && !text.chars().allMatch(c -> c == '0')) {
      throw error("an integer with leading zeros: " + Text.shorten(text, 40));
    }
    return new Literal(real ? Token.Kind.FLOAT : Token.Kind.INTEGER, text, end);
  }

  /** The end of {@code 0x1f}, {@code 0o17} or {@code 0b1}, or -1. */
  private int radixEnd() {
    if (source.charAt(pos) != '0' || pos + 2 >= source.length()) {
      return -1;
    }
    int radix =
        switch (source.charAt(pos + 1) | 32) {
          case 'x' -> 16;
          case 'o' -> 8;
          case 'b' -> 2;
          default -> 0;
        };
    if (radix == 0) {
      return -1;
    }
    int end = pos + 2;
    while (end < source.length()
        && end < pos + 300
        && (source.charAt(end) == '_'
            || source.charAt(end) < 128 && Character.digit(source.charAt(end), radix) >= 0)) {
      end++;
    }
    while (source.charAt(end - 1) == '_') {
      end--;
    }
    return end > pos + 2 ? end : -1;
  }

  private Literal string(char quote) {
    StringBuilder text = new StringBuilder();
    while (pos < source.length()) {
      char c = source.charAt(pos++);
      if (c == quote) {
        return new Literal(Token.Kind.STRING, text.toString(), pos);
      }
      if (c == '\\' && pos < source.length()) {
        escape(text);
      } else {
        text.append(c);
      }
    }
    throw error("a string without its closing " + quote);
  }

  /** A Python escape; the backslash is read already. One that Python does not know stays. */
  private void escape(StringBuilder text) {
    char c = source.charAt(pos++);
    switch (c) {
      case '\n' -> {}
      case '\\', '\'', '"' -> text.append(c);
      case 'a' -> text.append('\u0007');
      case 'b' -> text.append('\b');
      case 'f' -> text.append('\f');
      case 'n' -> text.append('\n');
      case 'r' -> text.append('\r');
      case 't' -> text.append('\t');
      case 'v' -> text.append('\u000b');
      case 'x' -> text.appendCodePoint(hex(2));
      case 'u' -> text.appendCodePoint(hex(4));
      case 'U' -> text.appendCodePoint(hex(8));
      case 'N' -> throw error("characters by name (\\N{...}) are not supported");
      case '0', '1', '2', '3', '4', '5', '6', '7' -> {
        int value = c - '0';
        for (int i = 0; i < 2 && pos < source.length(); i++) {
          int digit = source.charAt(pos) - '0';
          if (digit < 0 || digit > 7) {
            break;
          }
          value = value * 8 + digit;
          pos++;
        }
        text.append((char) value);
      }
      default -> text.append('\\').append(c);
    }
  }

  private int hex(int digits) {
    int value = 0;
    for (int i = 0; i < digits; i++) {
      int digit =
          pos < source.length() && source.charAt(pos) < 128
              ? Character.digit(source.charAt(pos), 16)
              : -1;
      if (digit < 0) {
        throw error("a string escape of " + digits + " hexadecimal digits is cut short");
      }
      value = value << 4 | digit;
      pos++;
    }
    if (!Character.isValidCodePoint(value)) {
      throw error("a string escape names a character beyond U+10FFFF");
    }
    return value;
  }
}
