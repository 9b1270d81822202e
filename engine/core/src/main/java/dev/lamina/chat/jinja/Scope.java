package dev.lamina.chat.jinja;

import java.util.HashMap;
import java.util.Map;

/**
 * Names in effect. A loop's body, a macro and a few blocks have scopes of their own, so that what
 * is set in them is gone after them; {@code if} has none.
 */
final class Scope {
  private final Scope parent;
  private Map<String, Value> names;

  Scope(Scope parent) {
    this.parent = parent;
  }

  /** The value, or null where the name is unknown. */
  Value find(String name) {
    for (Scope scope = this; scope != null; scope = scope.parent) {
      Value value = scope.names == null ? null : scope.names.get(name);
      if (value != null) {
        return value;
      }
    }
    return null;
  }

  void set(String name, Value value) {
    if (names == null) {
      names = new HashMap<>();
    }
    names.put(name, value);
  }
}
