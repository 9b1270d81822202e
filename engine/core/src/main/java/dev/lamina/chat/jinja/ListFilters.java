package dev.lamina.chat.jinja;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The filters on lists and mappings. */
final class ListFilters {
  static final Set<String> NAMES =
      Set.of(
          "attr",
          "batch",
          "count",
          "dictsort",
          "first",
          "groupby",
          "items",
          "join",
          "last",
          "length",
          "list",
          "map",
          "max",
          "min",
          "reject",
          "rejectattr",
          "reverse",
          "select",
          "selectattr",
          "slice",
          "sort",
          "sum",
          "unique");

  private ListFilters() {}

  static Value apply(String name, Value input, Args args, Work work) {
    return switch (name) {
      case "length", "count" -> {
        args.bind(name, work);
        int length = Values.length(input);
        if (length < 0) {
          throw work.error("a " + input.type() + " has no length");
        }
        yield Value.Int.of(length);
      }
      case "first" -> {
        args.bind(name, work);
        List<Value> items = Values.walk(input, work);
        yield items.isEmpty() ? new Value.Undefined("the first of no items") : items.getFirst();
      }
      case "last" -> {
        args.bind(name, work);
        if (input instanceof Value.Seq seq && seq.kind == Value.Seq.Kind.GENERATOR) {
          throw work.error("a generator has no last item; make a list of it");
        }
        List<Value> items = Values.walk(input, work);
        yield items.isEmpty() ? new Value.Undefined("the last of no items") : items.getLast();
      }
      case "list" -> {
        args.bind(name, work);
        yield list(new ArrayList<>(Values.walk(input, work)), work);
      }
      case "join" -> join(input, args, work);
      case "map" -> map(input, args, work);
      case "select" -> select(name, input, args, true, false, work);
      case "reject" -> select(name, input, args, false, false, work);
      case "selectattr" -> select(name, input, args, true, true, work);
      case "rejectattr" -> select(name, input, args, false, true, work);
      case "sort" -> sort(input, args, work);
      case "dictsort" -> sortMapping(input, args, work);
      case "unique" -> unique(input, args, work);
      case "groupby" -> group(input, args, work);
      case "min", "max" -> extreme(name, input, args, work);
      case "sum" -> sum(input, args, work);
      case "reverse" -> {
        args.bind(name, work);
        yield reverse(input, work);
      }
      case "items" -> {
        args.bind(name, work);
        yield generator(
            input instanceof Value.Undefined
                ? List.of()
                : Methods.pairs(mapping(name, input, work), work),
            work);
      }
      case "attr" -> {
        Value attribute = args.bind(name, work, "name")[0];
        String key = attribute == null ? "" : Values.string(attribute, "an attribute", work);
        Value found = input instanceof Value.Dict ? null : Attributes.attribute(input, key, work);
        boolean method = input instanceof Value.Dict && Methods.has(input, key);
        yield method
            ? new Value.Method(input, key)
            : found != null
                ? found
                : new Value.Undefined("a dict has no attribute '" + Text.shorten(key, 60) + "'");
      }
      case "batch" -> batch(input, args, work);
      default -> slice(input, args, work);
    };
  }

  private static Value list(List<Value> items, Work work) {
    work.elements(items.size());
    return Value.Seq.list(items, work);
  }

  private static Value generator(List<Value> items, Work work) {
    work.elements(items.size());
    return Value.Seq.of(Value.Seq.Kind.GENERATOR, items, work);
  }

  private static Value join(Value input, Args args, Work work) {
    Value[] a = args.bind("join", work, "d", "attribute");
    String separator = a[0] == null ? "" : Filters.soft(a[0], work);
    boolean attribute = a[1] != null && a[1] != Value.None.NONE;
    StringBuilder out = new StringBuilder();
    boolean first = true;
    for (Value item : Values.walk(input, work)) {
      String text = Filters.soft(attribute ? Lookup.path(item, a[1], null, work) : item, work);
      work.chars((long) text.length() + separator.length());
      out.append(first ? "" : separator).append(text);
      first = false;
    }
    return new Value.Str(out.toString());
  }

  /** What {@code map} and {@code select} walk over: nothing where the input is not true. */
  private static List<Value> walkIfTrue(Value input, Work work) {
    return Values.truth(input) ? Values.walk(input, work) : List.of();
  }

  private static Value map(Value input, Args args, Work work) {
    List<Value> result = new ArrayList<>();
    if (args.positional().isEmpty()) {
      Value[] a = args.bind("map", work, "attribute", "default");
      if (a[0] == null) {
        throw work.error("'map' needs a filter or an attribute");
      }
      Value otherwise = a[1] == Value.None.NONE ? null : a[1];
      for (Value item : walkIfTrue(input, work)) {
        result.add(Lookup.path(item, a[0], otherwise, work));
      }
    } else {
      String filter = Values.string(args.positional().getFirst(), "the name of a filter", work);
      Args rest = args.from(1);
      for (Value item : walkIfTrue(input, work)) {
        // The input of a filter can be a list of lists that is mapped again: count the nesting.
        work.enter();
        result.add(Filters.apply(filter, item, rest, work));
        work.leave();
      }
    }
    return generator(result, work);
  }

  private static Value select(
      String name, Value input, Args args, boolean wanted, boolean attribute, Work work) {
    int off = attribute ? 1 : 0;
    List<Value> positional = args.positional();
    if (positional.size() < off) {
      throw work.error("'" + name + "' needs an attribute");
    }
    boolean tested = positional.size() > off;
    String test = tested ? Values.string(positional.get(off), "the name of a test", work) : null;
    Args rest = args.from(off + 1);
    List<Value> result = new ArrayList<>();
    for (Value item : walkIfTrue(input, work)) {
      Value value = attribute ? Lookup.path(item, positional.getFirst(), null, work) : item;
      boolean holds = tested ? Tests.test(test, value, rest, work) : Values.truth(value);
      if (holds == wanted) {
        result.add(item);
      }
    }
    return generator(result, work);
  }

  /** Items with what they are sorted by. */
  private record Keyed(List<Value> keys, Value item) {}

  private static Comparator<Keyed> comparator(Work work) {
    return (x, y) -> {
      for (int i = 0; i < x.keys.size(); i++) {
        if (!Comparison.equal(x.keys.get(i), y.keys.get(i), work)) {
          // A NaN (2) is not less: Python's sort would leave the two where they are.
          int order = Comparison.order(x.keys.get(i), y.keys.get(i), Operator.LESS, work);
          return order == 2 ? 0 : order;
        }
      }
      return 0;
    };
  }

  private static List<Value> sorted(List<Keyed> keyed, boolean reverse, Work work) {
    Comparator<Keyed> comparator = comparator(work);
    try {
      keyed.sort(reverse ? comparator.reversed() : comparator);
    } catch (IllegalArgumentException e) {
      throw work.error("the items cannot be brought into an order");
    }
    List<Value> items = new ArrayList<>(keyed.size());
    keyed.forEach(k -> items.add(k.item));
    return items;
  }

  private static Value sort(Value input, Args args, Work work) {
    Value[] a = args.bind("sort", work, "reverse", "case_sensitive", "attribute");
    boolean caseSensitive = Values.truth(a[1], false);
    boolean attribute = a[2] != null && a[2] != Value.None.NONE;
    List<Value> paths = attribute ? Lookup.paths(a[2], work) : List.of();
    List<Keyed> keyed = new ArrayList<>();
    for (Value item : Values.walk(input, work)) {
      List<Value> keys = new ArrayList<>();
      for (Value path : paths) {
        keys.add(Lookup.foldCase(Lookup.path(item, path, null, work), caseSensitive, work));
      }
      if (!attribute) {
        keys.add(Lookup.foldCase(item, caseSensitive, work));
      }
      keyed.add(new Keyed(keys, item));
    }
    return list(sorted(keyed, Values.truth(a[0], false), work), work);
  }

  private static Value sortMapping(Value input, Args args, Work work) {
    Value[] a = args.bind("dictsort", work, "case_sensitive", "by", "reverse");
    String by = a[1] == null ? "key" : Values.string(a[1], "what 'dictsort' sorts by", work);
    if (!by.equals("key") && !by.equals("value")) {
      throw work.error("'dictsort' sorts by 'key' or 'value'");
    }
    boolean caseSensitive = Values.truth(a[0], false);
    List<Keyed> keyed = new ArrayList<>();
    for (Map.Entry<Value, Value> entry : mapping("dictsort", input, work).entrySet()) {
      Value key = by.equals("key") ? entry.getKey() : entry.getValue();
      Value pair = Value.Seq.tuple(List.of(entry.getKey(), entry.getValue()), work);
      keyed.add(new Keyed(List.of(Lookup.foldCase(key, caseSensitive, work)), pair));
    }
    work.elements(2L * keyed.size());
    return list(sorted(keyed, Values.truth(a[2], false), work), work);
  }

  private static Value unique(Value input, Args args, Work work) {
    Value[] a = args.bind("unique", work, "case_sensitive", "attribute");
    boolean caseSensitive = Values.truth(a[0], false);
    boolean attribute = a[1] != null && a[1] != Value.None.NONE;
    List<Value> seen = new ArrayList<>();
    List<Value> result = new ArrayList<>();
    for (Value item : Values.walk(input, work)) {
      Value key = attribute ? Lookup.path(item, a[1], null, work) : item;
      key = Lookup.foldCase(key, caseSensitive, work);
      boolean known = false;
      for (int i = 0; i < seen.size() && !known; i++) {
        known = Comparison.equal(seen.get(i), key, work);
      }
      if (!known) {
        seen.add(key);
        result.add(item);
      }
    }
    return generator(result, work);
  }

  /** Pairs of a value and the list of the items that have it, sorted by the value. */
  private static Value group(Value input, Args args, Work work) {
    Value[] a = args.bind("groupby", work, "attribute", "default", "case_sensitive");
    if (a[0] == null) {
      throw work.error("'groupby' needs an attribute");
    }
    boolean caseSensitive = Values.truth(a[2], false);
    Value otherwise = a[1] == Value.None.NONE ? null : a[1];
    List<Keyed> keyed = new ArrayList<>();
    for (Value item : Values.walk(input, work)) {
      Value key = Lookup.path(item, a[0], otherwise, work);
      keyed.add(new Keyed(List.of(Lookup.foldCase(key, caseSensitive, work)), item));
    }
    sorted(keyed, false, work);
    List<Value> groups = new ArrayList<>();
    int start = 0;
    for (int i = 1; i <= keyed.size(); i++) {
      Value key = keyed.get(start).keys.getFirst();
      if (i < keyed.size() && Comparison.equal(key, keyed.get(i).keys.getFirst(), work)) {
        continue;
      }
      List<Value> items = new ArrayList<>();
      keyed.subList(start, i).forEach(k -> items.add(k.item));
      // The value as the first item spells it, where case does not matter.
      Value name = Lookup.path(items.getFirst(), a[0], otherwise, work);
      groups.add(Value.Seq.tuple(List.of(caseSensitive ? key : name, list(items, work)), work));
      start = i;
    }
    return list(groups, work);
  }

  private static Value extreme(String name, Value input, Args args, Work work) {
    Value[] a = args.bind(name, work, "case_sensitive", "attribute");
    boolean caseSensitive = Values.truth(a[0], false);
    boolean attribute = a[1] != null && a[1] != Value.None.NONE;
    Value best = null;
    Value bestKey = null;
    for (Value item : Values.walk(input, work)) {
      Value key = attribute ? Lookup.path(item, a[1], null, work) : item;
      key = Lookup.foldCase(key, caseSensitive, work);
      Operator operator = name.equals("max") ? Operator.GREATER : Operator.LESS;
      if (best == null || Comparison.compare(operator, key, bestKey, work)) {
        best = item;
        bestKey = key;
      }
    }
    return best != null ? best : new Value.Undefined("the '" + name + "' of no items");
  }

  private static Value sum(Value input, Args args, Work work) {
    Value[] a = args.bind("sum", work, "attribute", "start");
    boolean attribute = a[0] != null && a[0] != Value.None.NONE;
    Value sum = a[1] == null ? Value.Int.of(0) : a[1];
    for (Value item : Values.walk(input, work)) {
      Value value = attribute ? Lookup.path(item, a[0], null, work) : item;
      sum = Arithmetic.arithmetic(Operator.ADD, sum, value, work);
    }
    return sum;
  }

  private static Value reverse(Value input, Work work) {
    if (input instanceof Value.Str s) {
      work.chars(s.text().length());
      return new Value.Str(new StringBuilder(s.text()).reverse().toString());
    }
    return generator(new ArrayList<>(Values.walk(input, work)).reversed(), work);
  }

  private static Value batch(Value input, Args args, Work work) {
    Value[] a = args.bind("batch", work, "linecount", "fill_with");
    int size = count(a[0], "batch", work);
    boolean fill = a[1] != null && a[1] != Value.None.NONE;
    List<Value> items = Values.walk(input, work);
    List<Value> rows = new ArrayList<>();
    for (int start = 0; start < items.size(); start += size) {
      List<Value> row =
          new ArrayList<>(items.subList(start, (int) Math.min(items.size(), (long) start + size)));
      if (fill && row.size() < size) {
        work.elements(size);
        while (row.size() < size) {
          row.add(a[1]);
        }
      }
      rows.add(list(row, work));
      if (size > items.size()) {
        break;
      }
    }
    return generator(rows, work);
  }

  private static Value slice(Value input, Args args, Work work) {
    Value[] a = args.bind("slice", work, "slices", "fill_with");
    int slices = count(a[0], "slice", work);
    boolean fill = a[1] != null && a[1] != Value.None.NONE;
    work.elements(slices);
    List<Value> items = Values.walk(input, work);
    int size = items.size() / slices;
    int longer = items.size() % slices;
    int at = 0;
    List<Value> columns = new ArrayList<>();
    for (int i = 0; i < slices; i++) {
      int end = at + size + (i < longer ? 1 : 0);
      List<Value> column = new ArrayList<>(items.subList(at, end));
      if (fill && i >= longer) {
        column.add(a[1]);
      }
      columns.add(list(column, work));
      at = end;
    }
    return generator(columns, work);
  }

  private static int count(Value value, String name, Work work) {
    int n = value == null ? 0 : Values.integer(value, "the count of '" + name + "'", work);
    if (n <= 0) {
      throw work.error("'" + name + "' needs a count above zero");
    }
    return n;
  }

  private static Map<Value, Value> mapping(String name, Value input, Work work) {
    if (input instanceof Value.Dict dict) {
      return dict.entries;
    }
    throw Filters.notFor(name, input, work);
  }
}
