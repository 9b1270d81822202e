package dev.lamina.chat.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Arithmetic, comparison, membership and indexing as Python does them. */
final class Operators {
  /** Bits of an integer; Python itself refuses to print more than 4300 digits. */
  private static final int MAX_BITS = 14_000;

  private Operators() {}

  static TemplateException undefined(Value value, Work work) {
    return work.error(((Value.Undefined) value).reason());
  }

  static Value.Int integer(BigInteger n, Work work) {
    if (n.bitLength() > MAX_BITS) {
      throw work.error("an integer has more than " + MAX_BITS + " bits");
    }
    work.steps(n.bitLength() >> 6);
    return new Value.Int(n);
  }

  static Value arithmetic(Operator operator, Value left, Value right, Work work) {
    if (operator == Operator.MODULO && left instanceof Value.Str format) {
      return new Value.Str(PercentFormat.format(format.text(), right, work));
    }
    if (left instanceof Value.Undefined) {
      throw undefined(left, work);
    }
    if (right instanceof Value.Undefined) {
      throw undefined(right, work);
    }
    if (left instanceof Value.Num a && right instanceof Value.Num b) {
      return a.integer() != null && b.integer() != null
          ? integers(operator, a.integer(), b.integer(), work)
          : floats(operator, a.toDouble(), b.toDouble(), work);
    }
    if (operator == Operator.ADD) {
      if (left instanceof Value.Str a && right instanceof Value.Str b) {
        work.chars((long) a.text().length() + b.text().length());
        return new Value.Str(a.text().concat(b.text()));
      }
      if (left instanceof Value.Seq a
          && right instanceof Value.Seq b
          && a.kind == b.kind
          && (a.kind == Value.Seq.Kind.LIST || a.kind == Value.Seq.Kind.TUPLE)) {
        work.elements((long) a.items.size() + b.items.size());
        List<Value> items = new ArrayList<>(a.items);
        items.addAll(b.items);
        return Value.Seq.of(a.kind, items, work);
      }
    }
    if (operator == Operator.MULTIPLY) {
      if (right instanceof Value.Num n && n.integer() != null) {
        Value repeated = repeat(left, n.integer(), work);
        if (repeated != null) {
          return repeated;
        }
      } else if (left instanceof Value.Num n && n.integer() != null) {
        Value repeated = repeat(right, n.integer(), work);
        if (repeated != null) {
          return repeated;
        }
      }
    }
    throw work.error(
        "'" + operator.sign + "' is not possible between " + left.type() + " and " + right.type());
  }

  /** Text or a list several times over; null where it is neither. */
  private static Value repeat(Value value, BigInteger times, Work work) {
    long n =
        times.signum() <= 0 ? 0 : times.bitLength() > 31 ? Integer.MAX_VALUE : times.intValue();
    if (value instanceof Value.Str s) {
      work.chars(s.text().length() * n);
      return new Value.Str(s.text().isEmpty() ? "" : s.text().repeat((int) n));
    }
    if (value instanceof Value.Seq seq
        && (seq.kind == Value.Seq.Kind.LIST || seq.kind == Value.Seq.Kind.TUPLE)) {
      work.elements(seq.items.size() * n);
      List<Value> items = new ArrayList<>();
      for (int i = 0; i < n && !seq.items.isEmpty(); i++) {
        items.addAll(seq.items);
      }
      return Value.Seq.of(seq.kind, items, work);
    }
    return null;
  }

  private static Value integers(Operator operator, BigInteger a, BigInteger b, Work work) {
    return switch (operator) {
      case ADD -> integer(a.add(b), work);
      case SUBTRACT -> integer(a.subtract(b), work);
      case MULTIPLY -> integer(a.multiply(b), work);
      case DIVIDE -> {
        if (b.signum() == 0) {
          throw work.error("division by zero");
        }
        double quotient = a.doubleValue() / b.doubleValue();
        if (Double.isNaN(quotient) || Double.isInfinite(quotient)) {
          throw work.error("the quotient is too large for a float");
        }
        yield new Value.Flt(quotient);
      }
      case FLOOR_DIVIDE -> {
        if (b.signum() == 0) {
          throw work.error("division by zero");
        }
        BigInteger[] parts = a.divideAndRemainder(b);
        boolean down = parts[1].signum() != 0 && parts[1].signum() != b.signum();
        yield integer(down ? parts[0].subtract(BigInteger.ONE) : parts[0], work);
      }
      case MODULO -> {
        if (b.signum() == 0) {
          throw work.error("modulo by zero");
        }
        BigInteger remainder = a.remainder(b);
        boolean other = remainder.signum() != 0 && remainder.signum() != b.signum();
        yield integer(other ? remainder.add(b) : remainder, work);
      }
      case POWER -> {
        if (b.signum() < 0) {
          yield floats(operator, a.doubleValue(), b.doubleValue(), work);
        }
        if (a.bitLength() > 1 && b.bitLength() > 14
            || (long) a.bitLength() * b.intValue() > 2L * MAX_BITS && a.bitLength() > 1) {
          throw work.error("an integer has more than " + MAX_BITS + " bits");
        }
        // The base is -1, 0 or 1, or the exponent is small.
        int exponent = b.bitLength() > 14 ? 2 + (b.testBit(0) ? 1 : 0) : b.intValue();
        yield integer(a.pow(exponent), work);
      }
      default -> throw new IllegalArgumentException(operator.sign);
    };
  }

  private static Value floats(Operator operator, double a, double b, Work work) {
    if (b == 0
        && (operator == Operator.DIVIDE
            || operator == Operator.FLOOR_DIVIDE
            || operator == Operator.MODULO)) {
      throw work.error("division by zero");
    }
    return new Value.Flt(
        switch (operator) {
          case ADD -> a + b;
          case SUBTRACT -> a - b;
          case MULTIPLY -> a * b;
          case DIVIDE -> a / b;
          case FLOOR_DIVIDE -> Math.floor(a / b);
          case MODULO -> {
            double remainder = a % b;
            yield remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
          }
          case POWER -> {
            double power = Math.pow(a, b);
            if (a == 0 && b < 0 || Double.isNaN(power) && !Double.isNaN(a) && !Double.isNaN(b)) {
              throw work.error("this power is not a real number");
            }
            yield power;
          }
          default -> throw new IllegalArgumentException(operator.sign);
        });
  }

  static Value negate(Value value, boolean minus, Work work) {
    if (value instanceof Value.Undefined) {
      throw undefined(value, work);
    }
    if (value instanceof Value.Num n) {
      if (n.integer() != null) {
        return new Value.Int(minus ? n.integer().negate() : n.integer());
      }
      return new Value.Flt(minus ? -n.toDouble() : n.toDouble());
    }
    throw work.error("a " + value.type() + " has no sign");
  }

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
      throw undefined(left, work);
    }
    if (right instanceof Value.Undefined) {
      throw undefined(right, work);
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

  /** {@code target[index]} of a sequence or mapping; null where there is no such element. */
  static Value element(Value target, Value index, Work work) {
    if (target instanceof Value.Dict dict) {
      return index instanceof Value.Seq || index instanceof Value.Dict
          ? null
          : dict.entries.get(index);
    }
    BigInteger n = index instanceof Value.Num num ? num.integer() : null;
    if (n == null || n.bitLength() > 31) {
      return null;
    }
    int i = n.intValue();
    if (target instanceof Value.Str s) {
      work.steps(s.text().length() >> 4);
      int length = Text.length(s.text());
      i = i < 0 ? i + length : i;
      return i < 0 || i >= length ? null : new Value.Str(Text.slice(s.text(), i, i + 1));
    }
    if (target instanceof Value.Seq seq && seq.indexed()) {
      i = i < 0 ? i + seq.items.size() : i;
      return i < 0 || i >= seq.items.size() ? null : seq.items.get(i);
    }
    return null;
  }

  /** {@code target[from:to:step]}; each bound may be None. */
  static Value slice(Value target, Value from, Value to, Value stepValue, Work work) {
    if (target instanceof Value.Undefined) {
      throw undefined(target, work);
    }
    boolean string = target instanceof Value.Str;
    if (!string && !(target instanceof Value.Seq seq && seq.indexed())) {
      throw work.error("a " + target.type() + " has no slices");
    }
    int length = Values.length(target);
    int step = bound(stepValue, 1, work);
    if (step == 0) {
      throw work.error("the step of a slice is zero");
    }
    int start = clamp(bound(from, step > 0 ? 0 : Integer.MAX_VALUE, work), length, step > 0);
    int end =
        to == Value.None.NONE && step < 0
            ? -1
            : clamp(bound(to, Integer.MAX_VALUE, work), length, step > 0);
    if (string && step == 1) {
      String text = ((Value.Str) target).text();
      work.chars(Math.max(0, end - start));
      work.steps(text.length() >> 4);
      return new Value.Str(start >= end ? "" : Text.slice(text, start, end));
    }
    List<Value> items = string ? Values.walk(target, work) : ((Value.Seq) target).items;
    List<Value> result = new ArrayList<>();
    for (long i = start; step > 0 ? i < end : i > end; i += step) {
      result.add(items.get((int) i));
    }
    work.elements(result.size());
    if (string) {
      StringBuilder text = new StringBuilder();
      result.forEach(c -> text.append(((Value.Str) c).text()));
      return new Value.Str(text.toString());
    }
    Value.Seq.Kind kind = ((Value.Seq) target).kind;
    return Value.Seq.of(kind == Value.Seq.Kind.RANGE ? Value.Seq.Kind.LIST : kind, result, work);
  }

  private static int bound(Value value, int otherwise, Work work) {
    if (value == Value.None.NONE) {
      return otherwise;
    }
    BigInteger n = value instanceof Value.Num num ? num.integer() : null;
    if (n == null) {
      if (value instanceof Value.Undefined) {
        throw undefined(value, work);
      }
      throw work.error("the bounds of a slice must be integers, not a " + value.type());
    }
    return n.bitLength() > 30 ? (n.signum() < 0 ? -(1 << 30) : 1 << 30) : n.intValue();
  }

  private static int clamp(int bound, int length, boolean forward) {
    long at = bound < 0 ? (long) bound + length : bound;
    return forward ? Math.clamp(at, 0, length) : Math.clamp(at, -1, length - 1);
  }
}
