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
      case "defined" -> none(name, args, work, !(value instanceof Value.Undefined));
      case "undefined" -> none(name, args, work, value instanceof Value.Undefined);
      case "none" -> none(name, args, work, value == Value.None.NONE);
      case "boolean" -> none(name, args, work, value instanceof Value.Bool);
      case "true" -> none(name, args, work, value instanceof Value.Bool b && b.truth());
      case "false" -> none(name, args, work, value instanceof Value.Bool b && !b.truth());
      case "integer" -> none(name, args, work, value instanceof Value.Int);
      case "float" -> none(name, args, work, value instanceof Value.Flt);
      case "number" -> none(name, args, work, value instanceof Value.Num);
      case "string" -> none(name, args, work, value instanceof Value.Str);
      case "mapping" -> none(name, args, work, value instanceof Value.Dict);
      case "escaped" -> none(name, args, work, false);
      case "sequence" ->
          none(
              name,
              args,
              work,
              value instanceof Value.Str
                  || value instanceof Value.Dict
                  || value instanceof Value.Undefined
                  || value instanceof Value.Seq seq && seq.indexed());
      case "iterable" ->
          none(
              name,
              args,
              work,
              value instanceof Value.Str
                  || value instanceof Value.Dict
                  || value instanceof Value.Seq
                  || value instanceof Value.Undefined);
      case "callable" ->
          none(
              name,
              args,
              work,
              value instanceof Value.MacroValue
                  || value instanceof Value.Method
                  || value instanceof Value.Global
                  || value instanceof Value.Loop
                  || value instanceof Value.Undefined
                  || value instanceof Value.Stepper stepper && stepper.joiner);
      case "lower" -> none(name, args, work, Strings.isLower(Printer.str(value, work)));
      case "upper" -> none(name, args, work, Strings.isUpper(Printer.str(value, work)));
      case "odd" -> none(name, args, work, remainder(value, BigInteger.TWO, work) != 0);
      case "even" -> none(name, args, work, remainder(value, BigInteger.TWO, work) == 0);
      case "divisibleby" ->
          Arithmetic.arithmetic(Operator.MODULO, value, one(name, args, work, "num"), work)
                  instanceof Value.Num n
              && n.toDouble() == 0;
      case "filter" ->
          none(name, args, work, value instanceof Value.Str s && Filters.known(s.text()));
      case "test" ->
          none(name, args, work, value instanceof Value.Str s && NAMES.contains(s.text()));
      case "sameas" -> same(value, one(name, args, work, "other"));
      case "in" -> Comparison.contains(one(name, args, work, "seq"), value, work);
      case "eq", "equalto", "==" -> compare(Operator.EQUAL, name, value, args, work);
      case "ne", "!=" -> compare(Operator.NOT_EQUAL, name, value, args, work);
      case "gt", "greaterthan", ">" -> compare(Operator.GREATER, name, value, args, work);
      case "ge", ">=" -> compare(Operator.GREATER_EQUAL, name, value, args, work);
      case "lt", "lessthan", "<" -> compare(Operator.LESS, name, value, args, work);
      case "le", "<=" -> compare(Operator.LESS_EQUAL, name, value, args, work);
      default -> throw work.error("there is no test named '" + Text.shorten(name, 60) + "'");
    };
  }

  private static boolean none(String name, Args args, Work work, boolean result) {
    args.bind(name, work);
    return result;
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
