package dev.lamina.chat.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The methods of values: of lists, mappings and a few more here, those of strings in {@link
 * StringMethods}. Those that change a value do not exist.
 */
final class Methods {
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
      case Value.Str _ -> StringMethods.NAMES.contains(name);
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
      case Value.Str s -> StringMethods.call(s.text(), name, args, work);
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

  private static Value loop(Renderer.LoopState state, String name, Args args, Work work) {
    List<Value> values = args.positional();
    if (name.equals("cycle")) {
      if (values.isEmpty()) {
        throw work.error("'loop.cycle' needs something to cycle through");
      }
      return values.get(state.index % values.size());
    }
    boolean same = state.last != null && state.last.size() == values.size();
    for (int i = 0; same && i < values.size(); i++) {
      same = Comparison.equal(state.last.get(i), values.get(i), work);
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
      if (Comparison.equal(seq.items.get(i), wanted, work)) {
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

  static Value required(Value[] args, String name, Work work) {
    if (args[0] == null) {
      throw work.error("'" + name + "' needs an argument");
    }
    return args[0];
  }
}
