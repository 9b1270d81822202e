package dev.lamina.chat.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/** Operators between numbers, strings and lists, as Python computes them. */
final class Arithmetic {
  /** Bits of an integer; Python itself refuses to print more than 4300 digits. */
  private static final int MAX_BITS = 14_000;

  private Arithmetic() {}

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
      throw Values.undefined(left, work);
    }
    if (right instanceof Value.Undefined) {
      throw Values.undefined(right, work);
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
      throw Values.undefined(value, work);
    }
    if (value instanceof Value.Num n) {
      if (n.integer() != null) {
        return new Value.Int(minus ? n.integer().negate() : n.integer());
      }
      return new Value.Flt(minus ? -n.toDouble() : n.toDouble());
    }
    throw work.error("a " + value.type() + " has no sign");
  }
}
