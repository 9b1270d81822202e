package dev.lamina.chat.jinja;

import java.util.List;

/** An expression; {@code line} is where it stands in the template. */
sealed interface Expr {
  int line();

  record Const(Value value, int line) implements Expr {}

  record Name(String name, int line) implements Expr {}

  /** {@code target.name}. */
  record Attribute(Expr target, String name, int line) implements Expr {}

  /** {@code target[index]}; the index may be a {@link Slice}. */
  record Item(Expr target, Expr index, int line) implements Expr {}

  /** {@code from:to:step}, each of which may be null; only as an index. */
  record Slice(Expr from, Expr to, Expr step, int line) implements Expr {}

  record Sequence(List<Expr> items, boolean tuple, int line) implements Expr {}

  /** A mapping; keys and values side by side. */
  record Mapping(List<Expr> keys, List<Expr> values, int line) implements Expr {}

  /** {@code -}, {@code +} or {@code not}. */
  record Unary(Operator operator, Expr operand, int line) implements Expr {}

  record Binary(Operator operator, Expr left, Expr right, int line) implements Expr {}

  /** {@code a ~ b ~ c}. */
  record Concat(List<Expr> parts, int line) implements Expr {}

  /** {@code a < b == c}: operator i stands before operand i. */
  record Compare(Expr first, List<Operator> operators, List<Expr> operands, int line)
      implements Expr {}

  /** {@code then if test else otherwise}; otherwise may be null. */
  record Conditional(Expr test, Expr then, Expr otherwise, int line) implements Expr {}

  record Call(Expr callee, Arguments arguments, int line) implements Expr {}

  record Filtered(Expr input, FilterCall filter, int line) implements Expr {}

  record Tested(Expr input, String test, Arguments arguments, int line) implements Expr {}

  /** A filter's name and arguments, without its input. */
  record FilterCall(String name, Arguments arguments, int line) {}

  /**
   * Arguments of a call.
   *
   * @param star {@code *list}, or null
   * @param starStar {@code **mapping}, or null
   */
  record Arguments(
      List<Expr> positional, List<String> names, List<Expr> named, Expr star, Expr starStar) {
    static final Arguments NONE = new Arguments(List.of(), List.of(), List.of(), null, null);
  }
}
