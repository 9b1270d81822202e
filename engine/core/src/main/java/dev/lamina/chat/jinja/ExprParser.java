package dev.lamina.chat.jinja;

import java.util.ArrayList;
import java.util.List;

/**
 * Expressions by recursive descent, with the precedences of Jinja (and its order of unaries). What
 * the operators stand between is read by {@link OperandParser}.
 */
final class ExprParser {
  /** Parentheses in parentheses; each takes about a dozen frames of the stack. */
  private static final int MAX_NESTING = 60;

  private final Tokens tokens;
  private final OperandParser operands;
  private int nesting;

  ExprParser(Tokens tokens) {
    this.tokens = tokens;
    this.operands = new OperandParser(tokens, this);
  }

  /** Goes one level deeper, where the expression may. */
  void enter() {
    if (++nesting > MAX_NESTING) {
      throw tokens.error("an expression nests deeper than " + MAX_NESTING + " levels");
    }
  }

  void leave() {
    nesting--;
  }

  /** What reads the operands, and the filters of blocks. */
  OperandParser operands() {
    return operands;
  }

  /**
   * An expression, or several with commas, which make a tuple.
   *
   * @param conditional whether {@code a if b} is part of it
   * @param ends names that end a tuple with a trailing comma
   */
  Expr tuple(boolean conditional, String... ends) {
    int line = tokens.current().line();
    List<Expr> items = new ArrayList<>();
    items.add(conditional ? expression() : or());
    boolean tuple = false;
    while (tokens.skipOperator(",")) {
      tuple = true;
      if (endsTuple(ends)) {
        break;
      }
      items.add(conditional ? expression() : or());
    }
    return tuple ? new Expr.Sequence(items, true, line) : items.getFirst();
  }

  private boolean endsTuple(String... ends) {
    Token token = tokens.current();
    for (String end : ends) {
      if (token.isName(end)) {
        return true;
      }
    }
    return token.kind() == Token.Kind.VARIABLE_END
        || token.kind() == Token.Kind.BLOCK_END
        || token.isOperator(")");
  }

  Expr expression() {
    enter();
    int line = tokens.current().line();
    Expr expr = or();
    while (tokens.skipName("if")) {
      Expr test = or();
      Expr otherwise = tokens.skipName("else") ? expression() : null;
      expr = new Expr.Conditional(test, expr, otherwise, line);
    }
    leave();
    return expr;
  }

  private Expr or() {
    Expr left = and();
    while (tokens.current().isName("or")) {
      int line = tokens.next().line();
      left = new Expr.Binary(Operator.OR, left, and(), line);
    }
    return left;
  }

  private Expr and() {
    Expr left = not();
    while (tokens.current().isName("and")) {
      int line = tokens.next().line();
      left = new Expr.Binary(Operator.AND, left, not(), line);
    }
    return left;
  }

  private Expr not() {
    if (!tokens.current().isName("not")) {
      return compare();
    }
    enter();
    int line = tokens.next().line();
    Expr operand = not();
    leave();
    return new Expr.Unary(Operator.NOT, operand, line);
  }

  private Expr compare() {
    Expr first = sum();
    List<Operator> operators = new ArrayList<>();
    List<Expr> operands = new ArrayList<>();
    int line = tokens.current().line();
    while (true) {
      Operator operator = comparison();
      if (operator == null) {
        break;
      }
      operators.add(operator);
      operands.add(sum());
    }
    return operators.isEmpty() ? first : new Expr.Compare(first, operators, operands, line);
  }

  private Operator comparison() {
    Token token = tokens.current();
    if (token.kind() == Token.Kind.OPERATOR) {
      Operator operator =
          switch (token.text()) {
            case "==" -> Operator.EQUAL;
            case "!=" -> Operator.NOT_EQUAL;
            case "<" -> Operator.LESS;
            case "<=" -> Operator.LESS_EQUAL;
            case ">" -> Operator.GREATER;
            case ">=" -> Operator.GREATER_EQUAL;
            default -> null;
          };
      if (operator != null) {
        tokens.next();
      }
      return operator;
    }
    if (tokens.skipName("in")) {
      return Operator.IN;
    }
    if (token.isName("not") && tokens.peek().isName("in")) {
      tokens.next();
      tokens.next();
      return Operator.NOT_IN;
    }
    return null;
  }

  private Expr sum() {
    Expr left = concat();
    while (tokens.current().isOperator("+") || tokens.current().isOperator("-")) {
      Token token = tokens.next();
      Operator operator = token.text().equals("+") ? Operator.ADD : Operator.SUBTRACT;
      left = new Expr.Binary(operator, left, concat(), token.line());
    }
    return left;
  }

  private Expr concat() {
    int line = tokens.current().line();
    Expr first = product();
    if (!tokens.current().isOperator("~")) {
      return first;
    }
    List<Expr> parts = new ArrayList<>();
    parts.add(first);
    while (tokens.skipOperator("~")) {
      parts.add(product());
    }
    return new Expr.Concat(parts, line);
  }

  private Expr product() {
    Expr left = power();
    while (tokens.current().kind() == Token.Kind.OPERATOR) {
      Operator operator =
          switch (tokens.current().text()) {
            case "*" -> Operator.MULTIPLY;
            case "/" -> Operator.DIVIDE;
            case "//" -> Operator.FLOOR_DIVIDE;
            case "%" -> Operator.MODULO;
            default -> null;
          };
      if (operator == null) {
        break;
      }
      int line = tokens.next().line();
      left = new Expr.Binary(operator, left, power(), line);
    }
    return left;
  }

  private Expr power() {
    Expr left = unary(true);
    while (tokens.current().isOperator("**")) {
      int line = tokens.next().line();
      left = new Expr.Binary(Operator.POWER, left, unary(true), line);
    }
    return left;
  }

  private Expr unary(boolean filters) {
    Token token = tokens.current();
    Expr expr;
    if (token.isOperator("-") || token.isOperator("+")) {
      enter();
      tokens.next();
      Operator operator = token.text().equals("-") ? Operator.SUBTRACT : Operator.ADD;
      expr = new Expr.Unary(operator, unary(false), token.line());
      leave();
    } else {
      expr = operands.primary();
    }
    expr = operands.postfix(expr);
    return filters ? operands.filtersAndTests(expr) : expr;
  }
}
