package dev.lamina.chat.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What filters on lists take from each element: the value at a path, and how it is compared. */
final class Lookup {
  private Lookup() {}

  /** The value at a dotted path, keys before methods; {@code otherwise} (if any) where missing. */
  static Value path(Value item, Value path, Value otherwise, Work work) {
    Value value = item;
    if (path instanceof Value.Num) {
      value = Attributes.item(value, path, work);
      return value instanceof Value.Undefined && otherwise != null ? otherwise : value;
    }
    for (String part : Strings.split(Values.string(path, "an attribute", work), ".", 50)) {
      work.step();
      boolean index = Strings.all(part, c -> c >= '0' && c <= '9') && part.length() < 10;
      value =
          Attributes.item(
              value, index ? Value.Int.of(Long.parseLong(part)) : new Value.Str(part), work);
      if (value instanceof Value.Undefined && otherwise != null) {
        value = otherwise;
      }
    }
    return value;
  }

  /** What Jinja compares strings by where case does not matter. */
  static Value foldCase(Value value, boolean caseSensitive, Work work) {
    if (!caseSensitive && value instanceof Value.Str s) {
      work.chars(s.text().length());
      return new Value.Str(s.text().toLowerCase(Locale.ROOT));
    }
    return value;
  }

  /** The values of an argument list for {@code attribute=...}. */
  static List<Value> paths(Value attribute, Work work) {
    if (!(attribute instanceof Value.Str s)) {
      return List.of(attribute);
    }
    List<Value> paths = new ArrayList<>();
    for (String part : Strings.split(s.text(), ",", 50)) {
      paths.add(new Value.Str(part));
    }
    return paths;
  }
}
