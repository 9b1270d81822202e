package dev.lamina.chat.jinja;

import dev.lamina.chat.json.Json;
import java.util.List;
import java.util.Map;

/** Python's {@code str} and {@code repr}. */
final class Printer {
  private final Work work;
  private final StringBuilder out = new StringBuilder();
  private int depth;

  private Printer(Work work) {
    this.work = work;
  }

  /** What {@code {{ value }}} prints. */
  static String str(Value value, Work work) {
    return switch (value) {
      case Value.Str s -> s.text();
      case Value.Undefined _ -> "";
      default -> repr(value, work);
    };
  }

  static String repr(Value value, Work work) {
    Printer printer = new Printer(work);
    printer.print(value);
    return printer.out.toString();
  }

  private void add(String text) {
    work.chars(text.length());
    out.append(text);
  }

  private void print(Value value) {
    work.step();
    // Containers are shallow by construction, but namespaces can hold one another in a circle.
    if (++depth > 2 * Work.MAX_VALUE_DEPTH) {
      throw work.error("a value that holds itself cannot be printed");
    }
    switch (value) {
      case Value.Str s -> string(s.text());
      case Value.Int n -> add(n.integer().toString());
      case Value.Flt f -> add(number(f.number()));
      case Value.Bool b -> add(b.truth() ? "True" : "False");
      case Value.None _ -> add("None");
      case Value.Undefined _ -> add("Undefined");
      case Value.Seq seq -> sequence(seq);
      case Value.Dict dict -> mapping(dict.entries);
      case Value.Namespace namespace -> namespace(namespace);
      case Value.Loop loop ->
          add("<LoopContext " + (loop.state.index + 1) + "/" + loop.state.items.size() + ">");
      case Value.MacroValue macro -> add("<Macro '" + macro.function().name() + "'>");
      case Value.Method method -> add("<method " + method.name() + ">");
      case Value.Global global -> add("<function " + global.id + ">");
      case Value.Stepper stepper -> add("<" + stepper.type() + ">");
    }
    depth--;
  }

  private void sequence(Value.Seq seq) {
    switch (seq.kind) {
      case LIST -> items("[", seq.items, "]");
      case TUPLE -> items("(", seq.items, seq.items.size() == 1 ? ",)" : ")");
      case VIEW -> items(seq.label + "([", seq.items, "])");
      case RANGE -> add(seq.label);
      case GENERATOR -> add("<generator>");
    }
  }

  private void items(String open, List<Value> items, String close) {
    add(open);
    String separator = "";
    for (Value item : items) {
      add(separator);
      print(item);
      separator = ", ";
    }
    add(close);
  }

  private void mapping(Map<Value, Value> entries) {
    add("{");
    String separator = "";
    for (Map.Entry<Value, Value> entry : entries.entrySet()) {
      add(separator);
      print(entry.getKey());
      add(": ");
      print(entry.getValue());
      separator = ", ";
    }
    add("}");
  }

  private void namespace(Value.Namespace namespace) {
    add("<Namespace {");
    String separator = "";
    for (Map.Entry<String, Value> entry : namespace.attributes.entrySet()) {
      add(separator);
      string(entry.getKey());
      add(": ");
      print(entry.getValue());
      separator = ", ";
    }
    add("}>");
  }

  /** Python's float: as in JSON, but for the names of what is no number. */
  static String number(double d) {
    if (Double.isNaN(d)) {
      return "nan";
    }
    if (Double.isInfinite(d)) {
      return d > 0 ? "inf" : "-inf";
    }
    return Json.number(d);
  }

  private void string(String s) {
    char quote = s.indexOf('\'') >= 0 && s.indexOf('"') < 0 ? '"' : '\'';
    StringBuilder text = new StringBuilder(s.length() + 2).append(quote);
    work.chars(s.length());
    s.codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '\n' -> text.append("\\n");
                case '\r' -> text.append("\\r");
                case '\t' -> text.append("\\t");
                case '\\' -> text.append("\\\\");
                default -> {
                  if (c == quote) {
                    text.append('\\').append(quote);
                  } else if (isPrintable(c)) {
                    text.appendCodePoint(c);
                  } else if (c < 0x100) {
                    text.append(String.format("\\x%02x", c));
                  } else if (c < 0x10000) {
                    text.append(String.format("\\u%04x", c));
                  } else {
                    text.append(String.format("\\U%08x", c));
                  }
                }
              }
            });
    add(text.append(quote).toString());
  }

  static boolean isPrintable(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      case Character.SPACE_SEPARATOR -> c == ' ';
      default -> true;
    };
  }
}
