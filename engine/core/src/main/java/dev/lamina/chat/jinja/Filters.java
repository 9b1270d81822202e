package dev.lamina.chat.jinja;

import dev.lamina.chat.json.Json;
import dev.lamina.chat.json.JsonException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The filters on text, and the table of those on single values; {@link ListFilters} has the rest.
 */
final class Filters {
  private static final Set<String> NAMES =
      Set.of(
          "abs",
          "capitalize",
          "center",
          "d",
          "default",
          "e",
          "escape",
          "filesizeformat",
          "float",
          "forceescape",
          "format",
          "indent",
          "int",
          "lower",
          "replace",
          "round",
          "safe",
          "string",
          "striptags",
          "title",
          "tojson",
          "trim",
          "truncate",
          "upper",
          "urlencode",
          "wordcount");

  private Filters() {}

  static boolean known(String name) {
    return NAMES.contains(name) || ListFilters.NAMES.contains(name);
  }

  static Value apply(String name, Value input, Args args, Work work) {
    work.step();
    if (ListFilters.NAMES.contains(name)) {
      return ListFilters.apply(name, input, args, work);
    }
    return switch (name) {
      case "default", "d" -> otherwise(input, args, work);
      case "tojson" -> toJson(input, args, work);
      case "trim" -> {
        Value chars = args.bind(name, work, "chars")[0];
        String set =
            chars == null || chars == Value.None.NONE
                ? null
                : Values.string(chars, "the argument of 'trim'", work);
        work.steps(set == null ? 0 : set.length());
        yield text(Strings.strip(soft(input, work), set, true, true), work);
      }
      case "int" -> NumberFilters.toInteger(input, args, work);
      case "float" -> NumberFilters.toFloat(input, args, work);
      case "round" -> NumberFilters.round(input, args, work);
      case "abs" -> NumberFilters.abs(input, args, work);
      case "replace" -> {
        Value[] a = args.bind(name, work, "old", "new", "count");
        if (a[1] == null) {
          throw work.error("'replace' needs two arguments");
        }
        yield StringMethods.replace(soft(input, work), a[0], a[1], a[2], work);
      }
      case "format" -> {
        if (!args.positional().isEmpty() && !args.named().isEmpty()) {
          throw work.error("'format' takes either positional or named arguments");
        }
        Value values =
            args.named().isEmpty()
                ? Value.Seq.tuple(args.positional(), work)
                : Globals.call(Value.Global.DICT, args, work);
        yield new Value.Str(PercentFormat.format(soft(input, work), values, work));
      }
      case "indent" -> indent(soft(input, work), args, work);
      case "truncate" -> truncate(soft(input, work), args, work);
      case "center" -> {
        Value width = args.bind(name, work, "width")[0];
        int n = width == null ? 80 : Values.integer(width, "the width", work);
        String s = soft(input, work);
        work.chars((long) s.length() + Math.max(0, n));
        yield new Value.Str(Strings.center(s, n, " "));
      }
      case "filesizeformat" -> NumberFilters.fileSize(input, args, work);
      default -> {
        args.bind(name, work);
        yield simple(name, input, work);
      }
    };
  }

  /** The filters on text that take no arguments. */
  private static Value simple(String name, Value input, Work work) {
    String s = soft(input, work);
    work.steps(s.length() >> 4);
    return switch (name) {
      case "string", "safe" -> input instanceof Value.Str ? input : text(s, work);
      case "lower" -> text(s.toLowerCase(Locale.ROOT), work);
      case "upper" -> text(s.toUpperCase(Locale.ROOT), work);
      case "capitalize" -> text(Strings.capitalize(s), work);
      case "title" -> text(title(s), work);
      case "escape", "e", "forceescape" -> {
        work.chars(6L * s.length());
        yield new Value.Str(Strings.escapeHtml(s));
      }
      case "striptags" -> text(stripTags(s), work);
      case "urlencode" -> {
        work.chars(9L * s.length());
        yield new Value.Str(urlEncode(s));
      }
      case "wordcount" -> Value.Int.of(words(s));
      default -> throw work.error("there is no filter named '" + Text.shorten(name, 60) + "'");
    };
  }

  static TemplateException notFor(String name, Value input, Work work) {
    return input instanceof Value.Undefined u
        ? work.error(u.reason())
        : work.error("'" + name + "' is not for a " + input.type());
  }

  /** Any value as text, an undefined one as none. */
  static String soft(Value value, Work work) {
    return Printer.str(value, work);
  }

  private static Value text(String s, Work work) {
    work.chars(s.length());
    return new Value.Str(s);
  }

  private static Value otherwise(Value input, Args args, Work work) {
    Value[] a = args.bind("default", work, "default_value", "boolean");
    boolean missing =
        input instanceof Value.Undefined
            || a[1] != null && Values.truth(a[1]) && !Values.truth(input);
    return !missing ? input : a[0] != null ? a[0] : Value.Str.EMPTY;
  }

  /** As transformers has it: plain {@code json.dumps}, with its arguments. */
  private static Value toJson(Value input, Args args, Work work) {
    Value[] a = args.bind("tojson", work, "ensure_ascii", "indent", "separators", "sort_keys");
    // Jinja's own filter has the indent first, and templates give it so too.
    Value indentValue = a[1];
    if (a[0] instanceof Value.Int) {
      indentValue = a[0];
    }
    String indent = null;
    if (indentValue instanceof Value.Str s) {
      indent = s.text();
    } else if (indentValue instanceof Value.Num) {
      int n = Math.max(0, Values.integer(indentValue, "the indent", work));
      if (n > 1_000) {
        throw work.error("the indent of 'tojson' is over 1000");
      }
      indent = " ".repeat(n);
    }
    String item = indent == null ? ", " : ",";
    String key = ": ";
    if (a[2] != null && a[2] != Value.None.NONE) {
      List<Value> separators = Values.walk(a[2], work);
      if (separators.size() != 2) {
        throw work.error("the separators of 'tojson' must be two");
      }
      item = Values.string(separators.get(0), "a separator", work);
      key = Values.string(separators.get(1), "a separator", work);
    }
    boolean sort = a[3] != null && Values.truth(a[3]);
    long most = work.remainingChars();
    String json;
    try {
      json = Json.write(Values.toJava(input, work), new Json.Format(indent, item, key, sort, most));
    } catch (JsonException e) {
      throw work.error("'tojson': " + e.getMessage());
    }
    boolean ascii = a[0] instanceof Value.Bool b && b.truth();
    return text(ascii ? ascii(json) : json, work);
  }

  private static String ascii(String json) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < json.length(); i++) {
      char c = json.charAt(i);
      if (c < 127) {
        out.append(c);
      } else {
        out.append(String.format("\\u%04x", (int) c));
      }
    }
    return out.toString();
  }

  private static Value indent(String s, Args args, Work work) {
    Value[] a = args.bind("indent", work, "width", "first", "blank");
    String indention =
        a[0] instanceof Value.Str given
            ? given.text()
            : spaces(a[0] == null ? 4 : Values.integer(a[0], "the width", work), work);
    boolean first = a[1] != null && Values.truth(a[1]);
    boolean blank = a[2] != null && Values.truth(a[2]);
    List<String> lines = Strings.splitLines(s + "\n", false);
    work.chars(s.length() + (long) lines.size() * (indention.length() + 1));
    StringBuilder out = new StringBuilder(first ? indention : "");
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      if (i > 0) {
        out.append('\n').append(blank || !line.isEmpty() ? indention : "");
      }
      out.append(line);
    }
    return new Value.Str(out.toString());
  }

  private static String spaces(int width, Work work) {
    int n = Math.max(0, width);
    work.chars(n);
    return " ".repeat(n);
  }

  private static Value truncate(String s, Args args, Work work) {
    Value[] a = args.bind("truncate", work, "length", "killwords", "end", "leeway");
    int length = a[0] == null ? 255 : Values.integer(a[0], "the length", work);
    String end = a[2] == null ? "..." : Values.string(a[2], "the end", work);
    int leeway =
        a[3] == null || a[3] == Value.None.NONE ? 5 : Values.integer(a[3], "the leeway", work);
    int most = length - Text.length(end);
    if (most < 0 || leeway < 0) {
      throw work.error("'truncate' needs a length of at least that of its end");
    }
    int size = Text.length(s);
    if (size <= (long) length + leeway) {
      return new Value.Str(s);
    }
    String cut = Text.slice(s, 0, most);
    if (a[1] == null || !Values.truth(a[1])) {
      int space = cut.lastIndexOf(' ');
      cut = space < 0 ? cut : cut.substring(0, space);
    }
    return text(cut + end, work);
  }

  /** Jinja's own title: words begin after white space, hyphens and opening brackets. */
  private static String title(String s) {
    StringBuilder out = new StringBuilder(s.length());
    boolean begins = true;
    for (int c : s.codePoints().toArray()) {
      boolean separator = Text.isSpace(c) || "-({[<".indexOf(c) >= 0;
      if (separator) {
        out.appendCodePoint(c);
      } else {
        String one = Character.toString(c);
        out.append(begins ? one.toUpperCase(Locale.ROOT) : one.toLowerCase(Locale.ROOT));
      }
      begins = separator;
    }
    return out.toString();
  }

  private static String stripTags(String s) {
    StringBuilder out = new StringBuilder();
    int pos = 0;
    while (pos < s.length()) {
      boolean comment = s.startsWith("<!--", pos);
      int end = comment ? s.indexOf("-->", pos) : s.charAt(pos) == '<' ? s.indexOf('>', pos) : -1;
      if (end < 0) {
        out.append(s.charAt(pos++));
      } else {
        pos = end + (comment ? 3 : 1);
      }
    }
    return String.join(" ", Strings.split(out.toString(), null, -1));
  }

  private static String urlEncode(String s) {
    StringBuilder out = new StringBuilder();
    for (byte b : s.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xff);
      if (c < 128 && (Character.isLetterOrDigit(c) || "_.-~/".indexOf(c) >= 0)) {
        out.append(c);
      } else {
        out.append(String.format("%%%02X", (int) c));
      }
    }
    return out.toString();
  }

  private static int words(String s) {
    int words = 0;
    boolean inWord = false;
    for (int c : s.codePoints().toArray()) {
      boolean word = Character.isLetter(c) || Strings.isNumeric(c) || c == '_';
      words += word && !inWord ? 1 : 0;
      inWord = word;
    }
    return words;
  }
}
