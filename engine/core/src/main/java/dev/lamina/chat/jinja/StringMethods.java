package dev.lamina.chat.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** The methods of strings, as Python has them. Positions count code points. */
final class StringMethods {
  static final Set<String> NAMES =
      Set.of(
          "capitalize",
          "casefold",
          "center",
          "count",
          "endswith",
          "expandtabs",
          "find",
          "format",
          "index",
          "isalnum",
          "isalpha",
          "isascii",
          "isdecimal",
          "isdigit",
          "isidentifier",
          "islower",
          "isnumeric",
          "isprintable",
          "isspace",
          "istitle",
          "isupper",
          "join",
          "ljust",
          "lower",
          "lstrip",
          "partition",
          "removeprefix",
          "removesuffix",
          "replace",
          "rfind",
          "rindex",
          "rjust",
          "rpartition",
          "rsplit",
          "rstrip",
          "split",
          "splitlines",
          "startswith",
          "strip",
          "swapcase",
          "title",
          "upper",
          "zfill");

  private StringMethods() {}

  private static Value text(String s, Work work) {
    work.chars(s.length());
    return new Value.Str(s);
  }

  private static Value list(List<String> parts, boolean tuple, Work work) {
    work.elements(parts.size());
    List<Value> values = new ArrayList<>(parts.size());
    for (String part : parts) {
      work.chars(part.length());
      values.add(new Value.Str(part));
    }
    return tuple ? Value.Seq.tuple(values, work) : Value.Seq.list(values, work);
  }

  private static String optional(Value value, String what, Work work) {
    return value == null || value == Value.None.NONE ? null : Values.string(value, what, work);
  }

  static Value call(String s, String name, Args args, Work work) {
    work.steps(s.length() >> 4);
    return switch (name) {
      case "strip", "lstrip", "rstrip" -> {
        String chars =
            optional(args.bind(name, work, "chars")[0], "the argument of '" + name + "'", work);
        work.steps(chars == null ? 0 : chars.length());
        yield text(Strings.strip(s, chars, !name.equals("rstrip"), !name.equals("lstrip")), work);
      }
      case "split", "rsplit" -> split(s, name, args, work);
      case "splitlines" -> {
        Value keep = args.bind(name, work, "keepends")[0];
        yield list(Strings.splitLines(s, keep != null && Values.truth(keep)), false, work);
      }
      case "partition", "rpartition" -> partition(s, name, args, work);
      case "startswith", "endswith" -> affix(s, name, args, work);
      case "find", "rfind", "index", "rindex", "count" -> search(s, name, args, work);
      case "replace" -> {
        Value[] a = args.bind(name, work, "old", "new", "count");
        if (a[1] == null) {
          throw work.error("'replace' needs two arguments");
        }
        yield replace(s, a[0], a[1], a[2], work);
      }
      case "join" -> {
        List<Value> items =
            Values.walk(Methods.required(args.bind(name, work, "iterable"), name, work), work);
        StringBuilder out = new StringBuilder();
        String separator = "";
        for (Value item : items) {
          String part = Values.string(item, "what 'join' joins", work);
          work.chars((long) separator.length() + part.length());
          out.append(separator).append(part);
          separator = s;
        }
        yield new Value.Str(out.toString());
      }
      case "format" -> new Value.Str(BraceFormat.format(s, args, work));
      case "removeprefix" -> {
        String affix =
            Values.string(
                Methods.required(args.bind(name, work, "prefix"), name, work), "a prefix", work);
        yield text(s.startsWith(affix) ? s.substring(affix.length()) : s, work);
      }
      case "removesuffix" -> {
        String affix =
            Values.string(
                Methods.required(args.bind(name, work, "suffix"), name, work), "a suffix", work);
        yield text(s.endsWith(affix) ? s.substring(0, s.length() - affix.length()) : s, work);
      }
      case "center", "ljust", "rjust", "zfill" -> pad(s, name, args, work);
      case "expandtabs" -> {
        Value size = args.bind(name, work, "tabsize")[0];
        int n = size == null ? 8 : Values.integer(size, "the size of tabs", work);
        work.chars(Strings.count(s, "\t") * (long) Math.max(n, 0));
        yield text(Strings.expandTabs(s, n), work);
      }
      default -> {
        args.bind(name, work);
        yield simple(s, name, work);
      }
    };
  }

  /** The methods without arguments. */
  private static Value simple(String s, String name, Work work) {
    return switch (name) {
      case "lower" -> text(s.toLowerCase(Locale.ROOT), work);
      case "upper" -> text(s.toUpperCase(Locale.ROOT), work);
      case "casefold" -> text(s.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT), work);
      case "capitalize" -> text(Strings.capitalize(s), work);
      case "title" -> text(Strings.title(s), work);
      case "swapcase" -> text(Strings.swapCase(s), work);
      case "isupper" -> Value.Bool.of(Strings.isUpper(s));
      case "islower" -> Value.Bool.of(Strings.isLower(s));
      case "istitle" -> Value.Bool.of(Strings.isTitle(s));
      case "isspace" -> Value.Bool.of(Strings.all(s, Text::isSpace));
      case "isalpha" -> Value.Bool.of(Strings.all(s, Character::isLetter));
      case "isdigit", "isdecimal" -> Value.Bool.of(Strings.all(s, Strings::isDecimal));
      case "isnumeric" -> Value.Bool.of(Strings.all(s, Strings::isNumeric));
      case "isalnum" ->
          Value.Bool.of(Strings.all(s, c -> Character.isLetter(c) || Strings.isNumeric(c)));
      case "isascii" -> Value.Bool.of(s.codePoints().allMatch(c -> c < 128));
      case "isidentifier" -> Value.Bool.of(Strings.isIdentifier(s));
      case "isprintable" -> Value.Bool.of(s.codePoints().allMatch(Printer::isPrintable));
      default -> throw work.error("a str has no method '" + name + "'");
    };
  }

  private static Value split(String s, String name, Args args, Work work) {
    Value[] a = args.bind(name, work, "sep", "maxsplit");
    String separator = optional(a[0], "the separator", work);
    if (separator != null && separator.isEmpty()) {
      throw work.error("the separator of '" + name + "' is empty");
    }
    int most = a[1] == null ? -1 : Values.integer(a[1], "the number of cuts", work);
    // No string can be cut into more parts than a list may have; checked before they are made.
    if (separator != null && (most < 0 || most > work.limits.maxElements())) {
      work.elements(Strings.count(s, separator) + 1L);
    }
    return list(
        name.equals("split")
            ? Strings.split(s, separator, most)
            : Strings.splitFromEnd(s, separator, most),
        false,
        work);
  }

  private static Value partition(String s, String name, Args args, Work work) {
    String separator =
        Values.string(
            Methods.required(args.bind(name, work, "sep"), name, work), "the separator", work);
    if (separator.isEmpty()) {
      throw work.error("the separator of '" + name + "' is empty");
    }
    boolean last = name.equals("rpartition");
    int at = last ? s.lastIndexOf(separator) : s.indexOf(separator);
    if (at < 0) {
      return list(last ? List.of("", "", s) : List.of(s, "", ""), true, work);
    }
    return list(
        List.of(s.substring(0, at), separator, s.substring(at + separator.length())), true, work);
  }

  /** The part of {@code s} between two optional bounds, in code points. */
  private static String within(String s, Value from, Value to, Work work) {
    if (from == null && to == null) {
      return s;
    }
    Value slice =
        Elements.slice(
            new Value.Str(s),
            from == null ? Value.None.NONE : from,
            to == null ? Value.None.NONE : to,
            Value.None.NONE,
            work);
    return ((Value.Str) slice).text();
  }

  private static Value affix(String s, String name, Args args, Work work) {
    Value[] a = args.bind(name, work, "affix", "start", "end");
    String text = within(s, a[1], a[2], work);
    Value affix = Methods.required(a, name, work);
    List<Value> affixes =
        affix instanceof Value.Seq seq && seq.kind == Value.Seq.Kind.TUPLE
            ? seq.items
            : List.of(affix);
    for (Value one : affixes) {
      work.step();
      String part = Values.string(one, "the argument of '" + name + "'", work);
      if (name.equals("startswith") ? text.startsWith(part) : text.endsWith(part)) {
        return Value.Bool.TRUE;
      }
    }
    return Value.Bool.FALSE;
  }

  private static Value search(String s, String name, Args args, Work work) {
    Value[] a = args.bind(name, work, "sub", "start", "end");
    String part =
        Values.string(Methods.required(a, name, work), "what '" + name + "' looks for", work);
    String text = within(s, a[1], a[2], work);
    if (name.equals("count")) {
      return Value.Int.of(Strings.count(text, part));
    }
    int at = name.startsWith("r") ? text.lastIndexOf(part) : text.indexOf(part);
    if (at < 0) {
      if (name.endsWith("index")) {
        throw work.error("'" + name + "' looks for what is not in the string");
      }
      return Value.Int.of(-1);
    }
    int before = Text.length(text.substring(0, at));
    int start =
        a[1] == null || a[1] == Value.None.NONE ? 0 : Values.integer(a[1], "the start", work);
    return Value.Int.of(before + (start < 0 ? Math.max(0, Text.length(s) + start) : start));
  }

  static Value replace(String s, Value old, Value with, Value count, Work work) {
    String from = Values.string(old, "what 'replace' looks for", work);
    String to = Values.string(with, "what 'replace' puts in", work);
    int most =
        count == null || count == Value.None.NONE
            ? -1
            : Values.integer(count, "the count of 'replace'", work);
    long times = Strings.count(s, from);
    work.chars(s.length() + (most < 0 ? times : Math.min(times, most)) * to.length());
    return new Value.Str(Strings.replace(s, from, to, most));
  }

  private static Value pad(String s, String name, Args args, Work work) {
    Value[] a = args.bind(name, work, "width", "fillchar");
    int width = Values.integer(Methods.required(a, name, work), "the width", work);
    String fill = a[1] == null ? " " : Values.string(a[1], "the filling", work);
    if (Text.length(fill) != 1) {
      throw work.error("the filling must be one character");
    }
    work.chars((long) s.length() + 2L * Math.max(0, width));
    int pad = Math.max(0, width - Text.length(s));
    return new Value.Str(
        switch (name) {
          case "center" -> Strings.center(s, width, fill);
          case "ljust" -> s + fill.repeat(pad);
          case "rjust" -> fill.repeat(pad) + s;
          default -> Strings.zeroFill(s, width);
        });
  }
}
