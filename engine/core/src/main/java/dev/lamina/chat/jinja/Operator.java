package dev.lamina.chat.jinja;

/** Operators of expressions, by the sign that messages show. */
enum Operator {
  ADD("+"),
  SUBTRACT("-"),
  MULTIPLY("*"),
  DIVIDE("/"),
  FLOOR_DIVIDE("//"),
  MODULO("%"),
  POWER("**"),
  AND("and"),
  OR("or"),
  NOT("not"),
  EQUAL("=="),
  NOT_EQUAL("!="),
  LESS("<"),
  LESS_EQUAL("<="),
  GREATER(">"),
  GREATER_EQUAL(">="),
  IN("in"),
  NOT_IN("not in");

  final String sign;

  Operator(String sign) {
    this.sign = sign;
  }
}
