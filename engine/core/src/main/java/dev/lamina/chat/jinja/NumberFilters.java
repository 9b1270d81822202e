package dev.lamina.chat.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;

/** The filters that make numbers, or take them. */
final class NumberFilters {
  private NumberFilters() {}

  static Value abs(Value input, Args args, Work work) {
    args.bind("abs", work);
    if (!(input instanceof Value.Num n)) {
      throw Filters.notFor("abs", input, work);
    }
    return n.integer() != null
        ? new Value.Int(n.integer().abs())
        : new Value.Flt(Math.abs(n.toDouble()));
  }

  static Value toInteger(Value input, Args args, Work work) {
    Value[] a = args.bind("int", work, "default", "base");
    Value otherwise = a[0] != null ? a[0] : Value.Int.of(0);
    int base = a[1] == null ? 10 : Values.integer(a[1], "the base", work);
    switch (input) {
      case Value.Num n when n.integer() != null -> {
        return new Value.Int(n.integer());
      }
      case Value.Num n when Double.isFinite(n.toDouble()) -> {
        return new Value.Int(new BigDecimal(n.toDouble()).toBigInteger());
      }
      case Value.Str s -> {
        BigInteger n = Numbers.parseInteger(s.text(), base);
        if (n != null) {
          return Arithmetic.integer(n, work);
        }
        Double d = Numbers.parseFloat(s.text());
        return d != null && Double.isFinite(d)
            ? new Value.Int(new BigDecimal(d).toBigInteger())
            : otherwise;
      }
      case Value.Undefined u -> throw work.error(u.reason());
      default -> {
        return otherwise;
      }
    }
  }

  static Value toFloat(Value input, Args args, Work work) {
    Value[] a = args.bind("float", work, "default");
    Value otherwise = a[0] != null ? a[0] : new Value.Flt(0);
    return switch (input) {
      case Value.Num n -> new Value.Flt(n.toDouble());
      case Value.Str s -> {
        Double d = Numbers.parseFloat(s.text());
        yield d != null ? new Value.Flt(d) : otherwise;
      }
      case Value.Undefined u -> throw work.error(u.reason());
      default -> otherwise;
    };
  }

  static Value round(Value input, Args args, Work work) {
    Value[] a = args.bind("round", work, "precision", "method");
    int digits = a[0] == null ? 0 : Values.integer(a[0], "the precision", work);
    String method = a[1] == null ? "common" : Values.string(a[1], "the method", work);
    if (!(input instanceof Value.Num n)) {
      throw Filters.notFor("round", input, work);
    }
    RoundingMode mode =
        switch (method) {
          case "common" -> RoundingMode.HALF_EVEN;
          case "ceil" -> RoundingMode.CEILING;
          case "floor" -> RoundingMode.FLOOR;
          default -> throw work.error("the method of 'round' must be common, ceil or floor");
        };
    if (n.integer() != null && mode == RoundingMode.HALF_EVEN) {
      if (digits >= 0) {
        return new Value.Int(n.integer());
      }
      if (digits < -5_000) {
        return Value.Int.of(0);
      }
      return new Value.Int(new BigDecimal(n.integer()).setScale(digits, mode).toBigInteger());
    }
    if (mode == RoundingMode.HALF_EVEN) {
      return new Value.Flt(Numbers.round(n.toDouble(), digits, mode));
    }
    // Jinja computes these two in floats, with their errors.
    double scale = Math.pow(10, digits);
    double scaled = n.toDouble() * scale;
    return new Value.Flt(
        (mode == RoundingMode.CEILING ? Math.ceil(scaled) : Math.floor(scaled)) / scale);
  }

  static Value fileSize(Value input, Args args, Work work) {
    Value[] a = args.bind("filesizeformat", work, "binary");
    boolean binary = a[0] != null && Values.truth(a[0]);
    double bytes = ((Value.Num) toFloat(input, Args.NONE, work)).toDouble();
    double base = binary ? 1024 : 1000;
    if (bytes == 1) {
      return new Value.Str("1 Byte");
    }
    if (bytes < base) {
      return new Value.Str(Numbers.format(Math.floor(bytes), 'f', 0, false) + " Bytes");
    }
    String prefixes = binary ? "KMGTPEZY" : "kMGTPEZY";
    int i = 0;
    double unit = base * base;
    while (i < prefixes.length() - 1 && bytes >= unit) {
      unit *= base;
      i++;
    }
    return new Value.Str(
        Numbers.format(base * bytes / unit, 'f', 1, false)
            + " "
            + prefixes.charAt(i)
            + (binary ? "iB" : "B"));
  }
}
