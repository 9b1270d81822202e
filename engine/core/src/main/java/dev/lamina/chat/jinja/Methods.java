package dev.lamina.chat.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * The methods of strings, lists, mappings and a few more; those that change a value do not exist.
 */
final class Methods {
  private static final Set<String> STRING =
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
  private static final Set<String> MAPPING = Set.of("get", "items", "keys", "values", "copy");
  private static final Set<String> CHANGING_MAPPING =
      Set.of("clear", "pop", "popitem", "setdefault", "update");
  private static final Set<String> SEQUENCE = Set.of("index", "count");
  private static final Set<String> CHANGING_LIST =
      Set.of("append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort");

  private Methods() {}

  /** Whether a value has the method, be it one that is refused when called. */
  static boolean has(Value value, String name) {
    return switch (value) {
      case Value.Str _ -> STRING.contains(name);
      case Value.Dict _ -> MAPPING.contains(name) || CHANGING_MAPPING.contains(name);
      case Value.Seq seq ->
          seq.indexed() && SEQUENCE.contains(name)
              || seq.kind == Value.Seq.Kind.LIST
                  && (name.equals("copy") || CHANGING_LIST.contains(name));
      case Value.Flt _ -> name.equals("is_integer");
      case Value.Int _ -> name.equals("is_integer") || name.equals("bit_length");
      default -> false;
    };
  }

  static Value call(Value receiver, String name, Args args, Work work) {
    return switch (receiver) {
      case Value.Str s -> string(s.text(), name, args, work);
      case Value.Dict dict -> mapping(dict, name, args, work);
      case Value.Seq seq -> sequence(seq, name, args, work);
      case Value.Loop loop -> loop(loop.state, name, args, work);
      case Value.Stepper stepper -> stepper(stepper, name, args, work);
      case Value.Num n -> {
        args.bind(name, work);
        yield name.equals("bit_length")
            ? Value.Int.of(n.integer().bitLength())
            : Value.Bool.of(n.integer() != null || n.toDouble() == Math.rint(n.toDouble()));
      }
      default -> throw work.error("a " + receiver.type() + " has no method '" + name + "'");
    };
  }

  private static Value loop(Evaluator.LoopState state, String name, Args args, Work work) {
    List<Value> values = args.positional();
    if (name.equals("cycle")) {
      if (values.isEmpty()) {
        throw work.error("'loop.cycle' needs something to cycle through");
      }
      return values.get(state.index % values.size());
    }
    boolean same = state.last != null && state.last.size() == values.size();
    for (int i = 0; same && i < values.size(); i++) {
      same = Operators.equal(state.last.get(i), values.get(i), work);
    }
    state.last = List.copyOf(values);
    return Value.Bool.of(!same);
  }

  private static Value stepper(Value.Stepper stepper, String name, Args args, Work work) {
    args.bind(name, work);
    Value current = stepper.items.get(stepper.position);
    stepper.position = name.equals("reset") ? 0 : (stepper.position + 1) % stepper.items.size();
    return name.equals("reset") ? Value.None.NONE : current;
  }

  private static Value mapping(Value.Dict dict, String name, Args args, Work work) {
    Map<Value, Value> entries = dict.entries;
    if (CHANGING_MAPPING.contains(name)) {
      throw unchangeable("mapping", name, work);
    }
    if (name.equals("get")) {
      Value[] a = args.bind(name, work, "key", "default");
      if (a[0] == null) {
        throw work.error("'get' needs a key");
      }
      Value found = a[0] instanceof Value.Undefined ? null : entries.get(Values.key(a[0], work));
      return found != null ? found : a[1] != null ? a[1] : Value.None.NONE;
    }
    args.bind(name, work);
    work.elements(entries.size());
    return switch (name) {
      case "keys" ->
          Value.Seq.labelled(
              Value.Seq.Kind.VIEW, "dict_keys", new ArrayList<>(entries.keySet()), work);
      case "values" ->
          Value.Seq.labelled(
              Value.Seq.Kind.VIEW, "dict_values", new ArrayList<>(entries.values()), work);
      case "items" ->
          Value.Seq.labelled(Value.Seq.Kind.VIEW, "dict_items", pairs(entries, work), work);
      default -> dict;
    };
  }

  static List<Value> pairs(Map<Value, Value> entries, Work work) {
    work.elements(2L * entries.size());
    List<Value> pairs = new ArrayList<>(entries.size());
    entries.forEach((key, value) -> pairs.add(Value.Seq.tuple(List.of(key, value), work)));
    return pairs;
  }

  private static TemplateException unchangeable(String what, String name, Work work) {
    return work.error("'" + name + "' would change a " + what + ", which templates must not");
  }

  private static Value sequence(Value.Seq seq, String name, Args args, Work work) {
    if (CHANGING_LIST.contains(name)) {
      throw unchangeable("list", name, work);
    }
    if (name.equals("copy")) {
      args.bind(name, work);
      return seq;
    }
    Value wanted = required(args.bind(name, work, "value"), name, work);
    int count = 0;
    for (int i = 0; i < seq.items.size(); i++) {
      if (Operators.equal(seq.items.get(i), wanted, work)) {
        if (name.equals("index")) {
          return Value.Int.of(i);
        }
        count++;
      }
    }
    if (name.equals("index")) {
      throw work.error("'index' looks for what is not in the list");
    }
    return Value.Int.of(count);
  }

  private static Value required(Value[] args, String name, Work work) {
    if (args[0] == null) {
      throw work.error("'" + name + "' needs an argument");
    }
    return args[0];
  }

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

  private static Value string(String s, String name, Args args, Work work) {
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
            Values.walk(required(args.bind(name, work, "iterable"), name, work), work);
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
            Values.string(required(args.bind(name, work, "prefix"), name, work), "a prefix", work);
        yield text(s.startsWith(affix) ? s.substring(affix.length()) : s, work);
      }
      case "removesuffix" -> {
        String affix =
            Values.string(required(args.bind(name, work, "suffix"), name, work), "a suffix", work);
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
        Values.string(required(args.bind(name, work, "sep"), name, work), "the separator", work);
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
        Operators.slice(
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
    Value affix = required(a, name, work);
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
    String part = Values.string(required(a, name, work), "what '" + name + "' looks for", work);
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
    int width = Values.integer(required(a, name, work), "the width", work);
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
