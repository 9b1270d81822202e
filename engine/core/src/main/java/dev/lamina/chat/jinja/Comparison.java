package dev.lamina.chat.jinja;

import java.util.List;
import java.util.Map;

/** Equality, order and membership, as Python has them. */
final class Comparison {
  private Comparison() {}

  static boolean compare(Operator operator, Value left, Value right, Work work) {
    return switch (operator) {
      case EQUAL -> equal(left, right, work);
      case NOT_EQUAL -> !equal(left, right, work);
      case IN -> contains(right, left, work);
      case NOT_IN -> !contains(right, left, work);
      case LESS -> order(left, right, operator, work) == -1;
      case LESS_EQUAL -> order(left, right, operator, work) <= 0;
      case GREATER -> order(left, right, operator, work) == 1;
      case GREATER_EQUAL -> {
        int order = order(left, right, operator, work);
        yield order == 0 || order == 1;
      }
      default -> throw new IllegalArgumentException(operator.sign);
    };
  }

  static boolean equal(Value left, Value right, Work work) {
    work.step();
    if (left instanceof Value.Seq a && right instanceof Value.Seq b) {
      if (a == b) {
        return true;
      }
      if (a.kind != b.kind
          || a.kind == Value.Seq.Kind.GENERATOR
          || a.items.size() != b.items.size()) {
        return false;
      }
      for (int i = 0; i < a.items.size(); i++) {
        if (!equal(a.items.get(i), b.items.get(i), work)) {
          return false;
        }
      }
      return true;
    }
    if (left instanceof Value.Dict a && right instanceof Value.Dict b) {
      if (a == b) {
        return true;
      }
      if (a.entries.size() != b.entries.size()) {
        return false;
      }
      for (Map.Entry<Value, Value> entry : a.entries.entrySet()) {
        Value other = b.entries.get(entry.getKey());
        if (other == null || !equal(entry.getValue(), other, work)) {
          return false;
        }
      }
      return true;
    }
    if (left instanceof Value.Str a && right instanceof Value.Str b) {
      work.steps(Math.min(a.text().length(), b.text().length()) >> 4);
      return a.text().equals(b.text());
    }
    return left.equals(right);
  }

  /** -1, 0 or 1; 2 where a NaN is in it, which is neither less nor equal nor greater. */
  static int order(Value left, Value right, Operator operator, Work work) {
    work.step();
    if (left instanceof Value.Undefined) {
      throw Values.undefined(left, work);
    }
    if (right instanceof Value.Undefined) {
      throw Values.undefined(right, work);
    }
    if (left instanceof Value.Num a && right instanceof Value.Num b) {
      if (a.integer() != null && b.integer() != null) {
        return a.integer().compareTo(b.integer());
      }
      double x = a.toDouble();
      double y = b.toDouble();
      return x < y ? -1 : x > y ? 1 : x == y ? 0 : 2;
    }
    if (left instanceof Value.Str a && right instanceof Value.Str b) {
      return order(a.text(), b.text(), work);
    }
    if (left instanceof Value.Seq a
        && right instanceof Value.Seq b
        && a.kind == b.kind
        && (a.kind == Value.Seq.Kind.LIST || a.kind == Value.Seq.Kind.TUPLE)) {
      int common = Math.min(a.items.size(), b.items.size());
      for (int i = 0; i < common; i++) {
        if (!equal(a.items.get(i), b.items.get(i), work)) {
          return order(a.items.get(i), b.items.get(i), operator, work);
        }
      }
      return Integer.compare(a.items.size(), b.items.size());
    }
    throw work.error(
        "'" + operator.sign + "' is not possible between " + left.type() + " and " + right.type());
  }

  /** By code points, which is not the order of UTF-16 where surrogates are. */
  private static int order(String a, String b, Work work) {
    int common = Math.min(a.length(), b.length());
    int i = 0;
    while (i < common && a.charAt(i) == b.charAt(i)) {
      i++;
    }
    work.steps(i >> 4);
    if (i == common) {
      return Integer.compare(a.length(), b.length());
    }
    char x = a.charAt(i);
    char y = b.charAt(i);
    boolean sx = Character.isSurrogate(x);
    boolean sy = Character.isSurrogate(y);
    return sx == sy ? (x < y ? -1 : 1) : sx ? 1 : -1;
  }

  static boolean contains(Value container, Value element, Work work) {
    switch (container) {
      case Value.Str s -> {
        work.steps(s.text().length() >> 4);
        return s.text().contains(Values.string(element, "what is looked for in a string", work));
      }
      case Value.Dict dict -> {
        boolean tuple = element instanceof Value.Seq seq && seq.kind != Value.Seq.Kind.LIST;
        return !tuple && dict.entries.containsKey(Values.key(element, work));
      }
      default -> {
        List<Value> items = Values.walkOrNull(container, work);
        if (items == null) {
          throw work.error("nothing can be 'in' a " + container.type());
        }
        for (Value item : items) {
          if (equal(item, element, work)) {
            return true;
          }
        }
        return false;
      }
    }
  }
}
