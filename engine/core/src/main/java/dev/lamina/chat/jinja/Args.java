package dev.lamina.chat.jinja;

import java.util.List;
import java.util.Map;

/** The arguments of a call, evaluated. */
record Args(List<Value> positional, Map<String, Value> named) {
  static final Args NONE = new Args(List.of(), Map.of());

  /**
   * The values of the parameters of a function, null for those not given.
   *
   * @throws TemplateException where there are too many, or one has another name
   */
  Value[] bind(String function, Work work, String... parameters) {
    if (positional.size() > parameters.length) {
      throw work.error("'" + function + "' takes no more than " + parameters.length + " arguments");
    }
    Value[] values = new Value[parameters.length];
    for (int i = 0; i < positional.size(); i++) {
      values[i] = positional.get(i);
    }
    for (Map.Entry<String, Value> entry : named.entrySet()) {
      int i = List.of(parameters).indexOf(entry.getKey());
      if (i < 0 || values[i] != null) {
        throw work.error(
            "'"
                + function
                + (i < 0 ? "' has no argument '" : "' gets its argument twice: '")
                + Text.shorten(entry.getKey(), 40)
                + "'");
      }
      values[i] = entry.getValue();
    }
    return values;
  }

  /** The arguments from the given one on, as arguments of another function. */
  Args from(int first) {
    return new Args(
        positional.subList(Math.min(first, positional.size()), positional.size()), named);
  }
}
