package dev.lamina.chat.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Java values to templates' values and back, and the questions one asks of any value. */
final class Values {
  private Values() {}

  /** Strings, numbers, booleans, null, lists and maps; nothing else can get in. */
  static Value of(Object object, Work work) {
    return switch (object) {
      case null -> Value.None.NONE;
      case Value value -> value;
      case String s -> new Value.Str(s);
      case Boolean b -> Value.Bool.of(b);
      case BigInteger n -> new Value.Int(n);
      case Long n -> Value.Int.of(n);
      case Integer n -> Value.Int.of(n);
      case Short n -> Value.Int.of(n);
      case Byte n -> Value.Int.of(n);
      case Double d -> new Value.Flt(d);
      case Float f -> new Value.Flt(f);
      case List<?> list -> {
        work.enter();
        List<Value> items = new ArrayList<>(list.size());
        for (Object item : list) {
          items.add(of(item, work));
        }
        work.leave();
        yield Value.Seq.list(items, work);
      }
      case Map<?, ?> map -> {
        work.enter();
        Map<Value, Value> entries = new LinkedHashMap<>();
        for (Map.Entry<?, ?> entry : map.entrySet()) {
          entries.put(new Value.Str(String.valueOf(entry.getKey())), of(entry.getValue(), work));
        }
        work.leave();
        yield new Value.Dict(entries, work);
      }
      default ->
          throw new TemplateException(
              "a variable for the chat template is a "
                  + object.getClass().getName()
                  + ", which templates cannot hold");
    };
  }

  /** Characters of text in a Java value, for the limits that depend on the input. */
  static long size(Object object, int depth) {
    if (depth > Work.MAX_VALUE_DEPTH) {
      throw new TemplateException(
          "a variable for the chat template nests deeper than " + Work.MAX_VALUE_DEPTH + " levels");
    }
    long size = 1;
    switch (object) {
      case String s -> size += s.length();
      case List<?> list -> {
        for (Object item : list) {
          size += size(item, depth + 1);
        }
      }
      case Map<?, ?> map -> {
        for (Map.Entry<?, ?> entry : map.entrySet()) {
          size += size(entry.getKey(), depth + 1) + size(entry.getValue(), depth + 1);
        }
      }
      case null, default -> {}
    }
    return size;
  }

  /** Plain Java values, for JSON. */
  static Object toJava(Value value, Work work) {
    work.step();
    return switch (value) {
      case Value.Str s -> {
        work.chars(s.text().length());
        yield s.text();
      }
      case Value.Int n -> n.integer();
      case Value.Flt f -> f.number();
      case Value.Bool b -> b.truth();
      case Value.None _ -> null;
      case Value.Seq seq
          when seq.kind == Value.Seq.Kind.LIST || seq.kind == Value.Seq.Kind.TUPLE -> {
        work.elements(seq.items.size());
        List<Object> list = new ArrayList<>(seq.items.size());
        for (Value item : seq.items) {
          list.add(toJava(item, work));
        }
        yield list;
      }
      case Value.Dict dict -> {
        work.elements(dict.entries.size());
        Map<Object, Object> map = new LinkedHashMap<>();
        for (Map.Entry<Value, Value> entry : dict.entries.entrySet()) {
          map.put(toJava(entry.getKey(), work), toJava(entry.getValue(), work));
        }
        yield map;
      }
      case Value.Undefined u -> throw work.error(u.reason());
      case Value.Seq _, Value.Namespace _, Value.Loop _, Value.MacroValue _ ->
          throw notJson(value, work);
      case Value.Method _, Value.Global _, Value.Stepper _ -> throw notJson(value, work);
    };
  }

  private static TemplateException notJson(Value value, Work work) {
    return work.error("a " + value.type() + " cannot be written as JSON");
  }

  /** As {@link #truth(Value)}; {@code otherwise} where an argument was not given. */
  static boolean truth(Value value, boolean otherwise) {
    return value == null ? otherwise : truth(value);
  }

  /** Python's truth of a value. */
  static boolean truth(Value value) {
    return switch (value) {
      case Value.Str s -> !s.text().isEmpty();
      case Value.Int n -> n.integer().signum() != 0;
      case Value.Flt f -> f.number() != 0;
      case Value.Bool b -> b.truth();
      case Value.None _, Value.Undefined _ -> false;
      case Value.Seq seq -> seq.kind == Value.Seq.Kind.GENERATOR || !seq.items.isEmpty();
      case Value.Dict dict -> !dict.entries.isEmpty();
      case Value.Namespace _, Value.Loop _, Value.MacroValue _ -> true;
      case Value.Method _, Value.Global _, Value.Stepper _ -> true;
    };
  }

  /** The elements of anything that can be walked over; a generator is used up by it. */
  static List<Value> walk(Value value, Work work) {
    List<Value> items = walkOrNull(value, work);
    if (items == null) {
      throw work.error("a " + value.type() + " cannot be walked over");
    }
    work.steps(items.size());
    return items;
  }

  static List<Value> walkOrNull(Value value, Work work) {
    return switch (value) {
      case Value.Seq seq -> seq.walk();
      case Value.Undefined _ -> List.of();
      case Value.Dict dict -> {
        work.elements(dict.entries.size());
        yield new ArrayList<>(dict.entries.keySet());
      }
      case Value.Str s -> {
        work.elements(s.text().length());
        List<Value> items = new ArrayList<>(s.text().length());
        s.text().codePoints().forEach(c -> items.add(new Value.Str(Character.toString(c))));
        yield items;
      }
      case Value.Int _, Value.Flt _, Value.Bool _, Value.None _, Value.Namespace _ -> null;
      case Value.Loop _, Value.MacroValue _, Value.Method _ -> null;
      case Value.Global _, Value.Stepper _ -> null;
    };
  }

  /** Python's {@code len}; -1 for what has none. */
  static int length(Value value) {
    return switch (value) {
      case Value.Str s -> Text.length(s.text());
      case Value.Seq seq -> seq.kind == Value.Seq.Kind.GENERATOR ? -1 : seq.items.size();
      case Value.Dict dict -> dict.entries.size();
      case Value.Undefined _ -> 0;
      case Value.Loop loop -> loop.state.items.size();
      case Value.Int _, Value.Flt _, Value.Bool _, Value.None _, Value.Namespace _ -> -1;
      case Value.MacroValue _, Value.Method _, Value.Global _, Value.Stepper _ -> -1;
    };
  }

  /** An integer that fits an int (a boolean counts), or an error that names what it is for. */
  static int integer(Value value, String what, Work work) {
    BigInteger n = value instanceof Value.Num num ? num.integer() : null;
    if (n == null) {
      throw work.error(what + " must be an integer, not a " + value.type());
    }
    if (n.bitLength() > 31) {
      throw work.error(what + " is out of range");
    }
    return n.intValue();
  }

  static String string(Value value, String what, Work work) {
    if (value instanceof Value.Str s) {
      return s.text();
    }
    throw work.error(
        what
            + " must be a string, not "
            + (value instanceof Value.Undefined u
                ? "undefined: " + u.reason()
                : "a " + value.type()));
  }

  /** A key of a mapping. */
  static Value key(Value value, Work work) {
    return switch (value) {
      case Value.Str _, Value.Num _, Value.None _, Value.Undefined _ -> value;
      default -> throw work.error("a " + value.type() + " cannot be a key of a mapping");
    };
  }

  /** What to throw where something is wanted of an undefined value. */
  static TemplateException undefined(Value value, Work work) {
    return work.error(((Value.Undefined) value).reason());
  }
}
