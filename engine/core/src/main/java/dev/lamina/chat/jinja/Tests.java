package dev.lamina.chat.jinja;

import java.math.BigInteger;
import java.util.Set;

/** What can follow {@code is}. */
final class Tests {
  private static final Set<String> NAMES =
      Set.of(
          "odd",
          "even",
          "divisibleby",
          "defined",
          "undefined",
          "filter",
          "test",
          "none",
          "boolean",
          "false",
          "true",
          "integer",
          "float",
          "lower",
          "upper",
          "string",
          "mapping",
          "number",
          "sequence",
          "iterable",
          "callable",
          "sameas",
          "escaped",
          "in",
          "eq",
          "equalto",
          "ne",
          "gt",
          "greaterthan",
          "ge",
          "lt",
          "lessthan",
          "le",
          "==",
          "!=",
          ">",
          ">=",
          "<",
          "<=");

  private Tests() {}

  static boolean test(String name, Value value, Args args, Work work) {
    return switch (name) {
      case "divisibleby" ->
          Arithmetic.arithmetic(Operator.MODULO, value, one(name, args, work, "num"), work)
                  instanceof Value.Num n
              && n.toDouble() == 0;
      case "sameas" -> same(value, one(name, args, work, "other"));
      case "in" -> Comparison.contains(one(name, args, work, "seq"), value, work);
      case "eq", "equalto", "==" -> compare(Operator.EQUAL, name, value, args, work);
      case "ne", "!=" -> compare(Operator.NOT_EQUAL, name, value, args, work);
      case "gt", "greaterthan", ">" -> compare(Operator.GREATER, name, value, args, work);
      case "ge", ">=" -> compare(Operator.GREATER_EQUAL, name, value, args, work);
      case "lt", "lessthan", "<" -> compare(Operator.LESS, name, value, args, work);
      case "le", "<=" -> compare(Operator.LESS_EQUAL, name, value, args, work);
      default -> {
        if (!NAMES.contains(name)) {
          throw work.error("there is no test named '" + Text.shorten(name, 60) + "'");
        }
        args.bind(name, work);
        yield plain(name, value, work);
      }
    };
  }

  /** The tests without arguments. */
  private static boolean plain(String name, Value value, Work work) {
    return switch (name) {
      case "defined" -> !(value instanceof Value.Undefined);
      case "undefined" -> value instanceof Value.Undefined;
      case "none" -> value == Value.None.NONE;
      case "boolean" -> value instanceof Value.Bool;
      case "true" -> value instanceof Value.Bool b && b.truth();
      case "false" -> value instanceof Value.Bool b && !b.truth();
      case "integer" -> value instanceof Value.Int;
      case "float" -> value instanceof Value.Flt;
      case "number" -> value instanceof Value.Num;
      case "string" -> value instanceof Value.Str;
      case "mapping" -> value instanceof Value.Dict;
      case "escaped" -> false;
      case "sequence" ->
          value instanceof Value.Str
              || value instanceof Value.Dict
              || value instanceof Value.Undefined
              || value instanceof Value.Seq seq && seq.indexed();
      case "iterable" ->
          value instanceof Value.Str
              || value instanceof Value.Dict
              || value instanceof Value.Seq
              || value instanceof Value.Undefined;
      case "callable" ->
          value instanceof Value.MacroValue
              || value instanceof Value.Method
              || value instanceof Value.Global
              || value instanceof Value.Loop
              || value instanceof Value.Undefined
              || value instanceof Value.Stepper stepper && stepper.joiner;
      case "lower" -> Strings.isLower(Printer.str(value, work));
      case "upper" -> Strings.isUpper(Printer.str(value, work));
      case "odd" -> remainder(value, BigInteger.TWO, work) != 0;
      case "even" -> remainder(value, BigInteger.TWO, work) == 0;
      case "filter" -> value instanceof Value.Str s && Filters.known(s.text());
      case "test" -> value instanceof Value.Str s && NAMES.contains(s.text());
      default -> throw new IllegalArgumentException(name);
    };
  }

  private static Value one(String name, Args args, Work work, String parameter) {
    Value value = args.bind(name, work, parameter)[0];
    if (value == null) {
      throw work.error("the test '" + name + "' needs an argument");
    }
    return value;
  }

  private static boolean compare(
      Operator operator, String name, Value value, Args args, Work work) {
    return Comparison.compare(operator, value, one(name, args, work, "other"), work);
  }

  private static int remainder(Value value, BigInteger divisor, Work work) {
    Value remainder = Arithmetic.arithmetic(Operator.MODULO, value, new Value.Int(divisor), work);
    if (remainder instanceof Value.Num n) {
      return n.toDouble() == 0 ? 0 : n.toDouble() == 1 ? 1 : 2;
    }
    throw work.error("a " + value.type() + " is neither odd nor even");
  }

  /** Identity, which for scalars is that of type and value. */
  private static boolean same(Value a, Value b) {
    return a == b
        || a.getClass() == b.getClass()
            && (a instanceof Value.Num || a instanceof Value.Str)
            && a.equals(b);
  }
}
