package dev.lamina.chat.jinja;

import java.util.List;

/**
 * {@code value.name} and {@code value[key]}. As in Jinja, the first looks for a method before a
 * key, the second for a key before a method. Names with a leading underscore do not exist.
 */
final class Attributes {
  private Attributes() {}

  static Value attribute(Value target, String name, Work work) {
    if (target instanceof Value.Undefined) {
      throw Values.undefined(target, work);
    }
    Value member = member(target, name, work);
    if (member == null && target instanceof Value.Dict dict) {
      member = dict.get(name);
    }
    return member != null ? member : missing(target, name);
  }

  static Value item(Value target, Value index, Work work) {
    if (target instanceof Value.Undefined) {
      throw Values.undefined(target, work);
    }
    Value element = Elements.element(target, index, work);
    if (element == null && index instanceof Value.Str name) {
      element = member(target, name.text(), work);
    }
    if (element != null) {
      return element;
    }
    return index instanceof Value.Str name
        ? missing(target, name.text())
        : new Value.Undefined("a " + target.type() + " has no such element");
  }

  private static Value missing(Value target, String name) {
    return new Value.Undefined(
        "a " + target.type() + " has no attribute '" + Text.shorten(name, 60) + "'");
  }

  private static Value member(Value target, String name, Work work) {
    if (name.startsWith("_")) {
      return null;
    }
    return switch (target) {
      case Value.Loop loop -> loopMember(loop, name);
      case Value.Namespace namespace -> namespace.attributes.get(name);
      case Value.Stepper stepper -> stepperMember(stepper, name);
      case Value.MacroValue macro ->
          name.equals("name") ? new Value.Str(macro.function().name()) : null;
      default -> Methods.has(target, name) ? new Value.Method(target, name) : null;
    };
  }

  private static Value loopMember(Value.Loop loop, String name) {
    Renderer.LoopState state = loop.state;
    List<Value> items = state.items;
    int index = state.index;
    return switch (name) {
      case "index" -> Value.Int.of(index + 1);
      case "index0" -> Value.Int.of(index);
      case "revindex" -> Value.Int.of(items.size() - index);
      case "revindex0" -> Value.Int.of(items.size() - index - 1);
      case "first" -> Value.Bool.of(index == 0);
      case "last" -> Value.Bool.of(index == items.size() - 1);
      case "length" -> Value.Int.of(items.size());
      case "depth" -> Value.Int.of(state.depth + 1);
      case "depth0" -> Value.Int.of(state.depth);
      case "previtem" ->
          index > 0 ? items.get(index - 1) : new Value.Undefined("there is no previous item");
      case "nextitem" ->
          index + 1 < items.size()
              ? items.get(index + 1)
              : new Value.Undefined("there is no next item");
      case "cycle", "changed" -> new Value.Method(loop, name);
      default -> null;
    };
  }

  private static Value stepperMember(Value.Stepper stepper, String name) {
    if (stepper.joiner) {
      return null;
    }
    return switch (name) {
      case "current" -> stepper.items.get(stepper.position);
      case "next", "reset" -> new Value.Method(stepper, name);
      default -> null;
    };
  }
}
