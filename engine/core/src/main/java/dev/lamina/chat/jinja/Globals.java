package dev.lamina.chat.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The functions that every template has. */
final class Globals {
  private Globals() {}

  /** Puts them into a template's outermost scope. */
  static void define(Scope scope) {
    for (Value.Global global : Value.Global.values()) {
      scope.set(global.id, global);
    }
  }

  static Value call(Value.Global global, Args args, Work work) {
    return switch (global) {
      case RANGE -> range(args, work);
      case DICT -> new Value.Dict(entries(args, work), work);
      case NAMESPACE -> {
        Value.Namespace namespace = new Value.Namespace();
        entries(args, work)
            .forEach(
                (key, value) ->
                    namespace.attributes.put(
                        Values.string(key, "the name of an attribute", work), value));
        yield namespace;
      }
      case RAISE_EXCEPTION -> {
        Value message = args.bind("raise_exception", work, "message")[0];
        throw TemplateException.refused(
            work.line, message == null ? "" : Printer.str(message, work));
      }
      case STRFTIME_NOW -> {
        Value format = args.bind("strftime_now", work, "format")[0];
        if (format == null) {
          throw work.error("'strftime_now' needs a format");
        }
        yield new Value.Str(Strftime.format(Values.string(format, "a format", work), work));
      }
      case CYCLER -> {
        if (args.positional().isEmpty()) {
          throw work.error("'cycler' needs something to cycle through");
        }
        yield new Value.Stepper(List.copyOf(args.positional()), false);
      }
      case JOINER -> {
        Value separator = args.bind("joiner", work, "sep")[0];
        yield new Value.Stepper(List.of(separator == null ? new Value.Str(", ") : separator), true);
      }
    };
  }

  /** Calls a joiner: nothing the first time, then the separator. */
  static Value step(Value.Stepper stepper, Args args, Work work) {
    args.bind("joiner", work);
    if (!stepper.joiner) {
      throw work.error("a Cycler cannot be called");
    }
    return stepper.position++ == 0 ? Value.Str.EMPTY : stepper.items.getFirst();
  }

  private static Value range(Args args, Work work) {
    Value[] bounds = args.bind("range", work, "start", "stop", "step");
    if (bounds[0] == null) {
      throw work.error("'range' needs an end");
    }
    BigInteger start = bounds[1] == null ? BigInteger.ZERO : bound(bounds[0], work);
    BigInteger stop = bound(bounds[1] == null ? bounds[0] : bounds[1], work);
    BigInteger step = bounds[2] == null ? BigInteger.ONE : bound(bounds[2], work);
    if (step.signum() == 0) {
      throw work.error("the step of 'range' is zero");
    }
    BigInteger span = step.signum() > 0 ? stop.subtract(start) : start.subtract(stop);
    BigInteger count =
        span.signum() <= 0
            ? BigInteger.ZERO
            : span.add(step.abs()).subtract(BigInteger.ONE).divide(step.abs());
    work.elements(count.bitLength() > 31 ? Long.MAX_VALUE : count.longValue());
    List<Value> items = new ArrayList<>(count.intValue());
    BigInteger n = start;
    for (int i = count.intValue(); i > 0; i--) {
      items.add(new Value.Int(n));
      n = n.add(step);
    }
    String label =
        "range(" + start + ", " + stop + (step.equals(BigInteger.ONE) ? "" : ", " + step) + ")";
    return Value.Seq.labelled(Value.Seq.Kind.RANGE, label, items, work);
  }

  private static BigInteger bound(Value value, Work work) {
    if (value instanceof Value.Num n && n.integer() != null) {
      return n.integer();
    }
    if (value instanceof Value.Undefined) {
      throw Values.undefined(value, work);
    }
    throw work.error("the bounds of 'range' must be integers, not a " + value.type());
  }

  /** The entries of {@code dict(mapping or pairs, name=value)}. */
  private static Map<Value, Value> entries(Args args, Work work) {
    Map<Value, Value> entries = new LinkedHashMap<>();
    if (args.positional().size() > 1) {
      throw work.error("a mapping is made of no more than one argument without a name");
    }
    for (Value source : args.positional()) {
      if (source instanceof Value.Dict dict) {
        entries.putAll(dict.entries);
        continue;
      }
      for (Value pair : Values.walk(source, work)) {
        List<Value> two = Values.walk(pair, work);
        if (two.size() != 2) {
          throw work.error("a mapping is made of pairs, not of " + two.size() + " values");
        }
        entries.put(Values.key(two.get(0), work), two.get(1));
      }
    }
    args.named().forEach((name, value) -> entries.put(new Value.Str(name), value));
    work.elements(entries.size());
    return entries;
  }
}
