package dev.lamina.chat.jinja;

import java.math.BigInteger;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code "...".format(...)}, with Python's format specifications. */
final class BraceFormat {
  private static final Pattern SPEC =
      Pattern.compile(
          "(?:(.)?([<>=^]))?([-+ ])?(z)?(#)?(0)?(\\d+)?([,_])?(?:\\.(\\d+))?(.)?", Pattern.DOTALL);
  private static final Pattern PATH =
      Pattern.compile("\\.([^.\\[\\]]+)|\\[([^\\]]+)\\]", Pattern.DOTALL);

  private final Args args;
  private final Work work;
  private int automatic;

  private BraceFormat(Args args, Work work) {
    this.args = args;
    this.work = work;
  }

  static String format(String format, Args args, Work work) {
    return new BraceFormat(args, work).expand(format, 0);
  }

  private String expand(String format, int depth) {
    if (depth > 2) {
      throw work.error("a format nests too deep");
    }
    work.chars(format.length());
    StringBuilder out = new StringBuilder();
    int pos = 0;
    while (pos < format.length()) {
      char c = format.charAt(pos++);
      boolean doubled = pos < format.length() && format.charAt(pos) == c;
      if (c != '{' && c != '}') {
        out.append(c);
      } else if (doubled) {
        out.append(c);
        pos++;
      } else if (c == '}') {
        throw work.error("a format has a '}' that closes nothing");
      } else {
        int end = closing(format, pos);
        String field = field(format.substring(pos, end), depth);
        work.chars(field.length());
        out.append(field);
        pos = end + 1;
      }
    }
    return out.toString();
  }

  private int closing(String format, int from) {
    int open = 1;
    for (int i = from; i < format.length(); i++) {
      char c = format.charAt(i);
      open += c == '{' ? 1 : c == '}' ? -1 : 0;
      if (open == 0) {
        return i;
      }
    }
    throw work.error("a format has a '{' that is not closed");
  }

  private String field(String field, int depth) {
    int colon = field.indexOf(':');
    String name = colon < 0 ? field : field.substring(0, colon);
    String spec = colon < 0 ? "" : expand(field.substring(colon + 1), depth + 1);
    char conversion = 0;
    int mark = name.indexOf('!');
    if (mark >= 0) {
      if (mark + 2 != name.length()) {
        throw work.error("a format has a '!' without its one letter");
      }
      conversion = name.charAt(mark + 1);
      name = name.substring(0, mark);
    }
    Value value = value(name);
    return switch (conversion) {
      case 0 -> value(value, spec);
      case 's' -> value(new Value.Str(Printer.str(value, work)), spec);
      case 'r', 'a' -> value(new Value.Str(Printer.repr(value, work)), spec);
      default -> throw work.error("a format has no conversion '!" + conversion + "'");
    };
  }

  private Value value(String path) {
    int end = 0;
    while (end < path.length() && path.charAt(end) != '.' && path.charAt(end) != '[') {
      end++;
    }
    String name = path.substring(0, end);
    Value value;
    if (name.isEmpty() || name.chars().allMatch(c -> c >= '0' && c <= '9')) {
      int i =
          name.isEmpty()
              ? automatic++
              : name.length() > 6 ? Integer.MAX_VALUE : Integer.parseInt(name);
      if (i >= args.positional().size()) {
        throw work.error("a format needs more values");
      }
      value = args.positional().get(i);
    } else {
      value = args.named().get(name);
      if (value == null) {
        throw work.error("a format has no value named '" + Text.shorten(name, 40) + "'");
      }
    }
    Matcher matcher = PATH.matcher(path);
    while (end < path.length()) {
      if (!matcher.find(end) || matcher.start() != end) {
        throw work.error("a format has a malformed field '" + Text.shorten(path, 40) + "'");
      }
      String key = matcher.group(2);
      value =
          key == null
              ? Attributes.attribute(value, matcher.group(1), work)
              : Attributes.item(value, key(key), work);
      end = matcher.end();
    }
    return value;
  }

  private static Value key(String key) {
    return key.length() < 10 && key.chars().allMatch(c -> c >= '0' && c <= '9')
        ? Value.Int.of(Long.parseLong(key))
        : new Value.Str(key);
  }

  private int bounded(String digits, int most, String what) {
    if (digits.length() > 9 || Integer.parseInt(digits) > most) {
      throw work.error(what + " of a format is over " + most);
    }
    return Integer.parseInt(digits);
  }

  /** Python's {@code format(value, spec)}. */
  private String value(Value value, String spec) {
    if (spec.isEmpty()) {
      return Printer.str(value, work);
    }
    Matcher m = SPEC.matcher(spec);
    if (!m.matches()) {
      throw work.error("'" + Text.shorten(spec, 40) + "' is no format specification");
    }
    boolean number = value instanceof Value.Num;
    if (!number && !(value instanceof Value.Str)) {
      throw work.error("a " + value.type() + " has no format specifications");
    }
    int width = m.group(7) == null ? 0 : bounded(m.group(7), 100_000_000, "the width");
    int precision = m.group(9) == null ? -1 : bounded(m.group(9), 100_000_000, "the precision");
    String letters = m.group(10);
    char letter = letters == null ? 0 : letters.charAt(0);
    String sign = "";
    String text;
    if (number) {
      Value.Num n = (Value.Num) value;
      boolean negative =
          n.integer() != null
              ? n.integer().signum() < 0
              : n.toDouble() < 0 || n.toDouble() == 0 && 1 / n.toDouble() < 0;
      String plus = m.group(3);
      sign = negative ? "-" : plus == null || plus.equals("-") ? "" : plus;
      text = number(n, letter, precision, m.group(5) != null, m.group(8));
    } else {
      if (letter != 0 && letter != 's') {
        throw work.error("a str has no format letter '" + letter + "'");
      }
      text = ((Value.Str) value).text();
      if (precision >= 0 && precision < Text.length(text)) {
        text = Text.slice(text, 0, precision);
      }
    }
    boolean zero = m.group(6) != null && m.group(2) == null;
    String fill = m.group(1) != null ? m.group(1) : zero ? "0" : " ";
    String align = m.group(2) != null ? m.group(2) : zero && number ? "=" : number ? ">" : "<";
    int pad = Math.max(0, width - Text.length(sign) - Text.length(text));
    work.chars(pad);
    return switch (align) {
      case "<" -> sign + text + fill.repeat(pad);
      case ">" -> fill.repeat(pad) + sign + text;
      case "^" -> fill.repeat(pad / 2) + sign + text + fill.repeat(pad - pad / 2);
      default -> sign + fill.repeat(pad) + text;
    };
  }

  /** The magnitude of a number. */
  private String number(Value.Num n, char letter, int precision, boolean alternate, String group) {
    if (precision > Numbers.MAX_PRECISION) {
      throw work.error("the precision of a format is over " + Numbers.MAX_PRECISION);
    }
    work.steps(20);
    String text;
    int size = 3;
    if (n.integer() != null && "eEfFgG%".indexOf(letter) < 0) {
      BigInteger magnitude = n.integer().abs();
      switch (letter) {
        case 0, 'd', 'n' -> text = magnitude.toString();
        case 'x', 'X', 'o', 'b' -> {
          size = 4;
          text = magnitude.toString(letter == 'o' ? 8 : letter == 'b' ? 2 : 16);
          text = group == null ? text : Numbers.group(text, group.charAt(0), size);
          text =
              (alternate ? "0" + letter : "")
                  + (letter == 'X' ? text.toUpperCase(Locale.ROOT) : text);
          return text;
        }
        case 'c' -> {
          int c = Values.integer(new Value.Int(magnitude), "a character", work);
          if (!Character.isValidCodePoint(c)) {
            throw work.error("there is no character " + c);
          }
          return Character.toString(c);
        }
        default -> throw work.error("an int has no format letter '" + letter + "'");
      }
    } else if (letter == 0 || letter == 'n') {
      if (precision >= 0) {
        text = Numbers.format(n.toDouble(), 'g', precision, alternate);
        text =
            letter == 0
                    && text.chars().allMatch(c -> c >= '0' && c <= '9')
                    && text.length() < precision
                ? text + ".0"
                : text;
      } else {
        text =
            letter == 0
                ? Printer.number(Math.abs(n.toDouble()))
                : Numbers.format(n.toDouble(), 'g', 6, alternate);
      }
    } else if ("eEfFgG%".indexOf(letter) >= 0) {
      text = Numbers.format(n.toDouble(), letter, precision < 0 ? 6 : precision, alternate);
    } else {
      throw work.error("a float has no format letter '" + letter + "'");
    }
    return group == null ? text : Numbers.group(text, group.charAt(0), size);
  }
}
