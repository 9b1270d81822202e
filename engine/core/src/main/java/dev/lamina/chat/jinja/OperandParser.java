package dev.lamina.chat.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/**
 * The operands of expressions: values, with the subscripts, calls, filters and tests behind them.
 */
final class OperandParser {
  private final Tokens tokens;
  private final ExprParser expressions;

  OperandParser(Tokens tokens, ExprParser expressions) {
    this.tokens = tokens;
    this.expressions = expressions;
  }

  /** A name, a literal, or what stands in brackets. */
  Expr primary() {
    Token token = tokens.next();
    int line = token.line();
    switch (token.kind()) {
      case NAME -> {
        return switch (token.text()) {
          case "true", "True" -> new Expr.Const(Value.Bool.TRUE, line);
          case "false", "False" -> new Expr.Const(Value.Bool.FALSE, line);
          case "none", "None" -> new Expr.Const(Value.None.NONE, line);
          default -> new Expr.Name(token.text(), line);
        };
      }
      case STRING -> {
        if (tokens.current().kind() != Token.Kind.STRING) {
          return new Expr.Const(new Value.Str(token.text()), line);
        }
        StringBuilder text = new StringBuilder(token.text());
        while (tokens.current().kind() == Token.Kind.STRING) {
          text.append(tokens.next().text());
        }
        return new Expr.Const(new Value.Str(text.toString()), line);
      }
      case INTEGER -> {
        return new Expr.Const(new Value.Int(integer(token.text())), line);
      }
      case FLOAT -> {
        return new Expr.Const(new Value.Flt(Double.parseDouble(token.text())), line);
      }
      case OPERATOR -> {
        switch (token.text()) {
          case "(" -> {
            if (tokens.skipOperator(")")) {
              return new Expr.Sequence(List.of(), true, line);
            }
            Expr expr = expressions.tuple(true);
            tokens.expectOperator(")");
            return expr;
          }
          case "[" -> {
            return list(line);
          }
          case "{" -> {
            return mapping(line);
          }
          default -> {}
        }
      }
      default -> {}
    }
    throw new TemplateException(line, "a value was expected, not " + token.describe());
  }

  private static BigInteger integer(String text) {
    if (text.length() > 2 && text.charAt(0) == '0') {
      int radix =
          switch (text.charAt(1) | 32) {
            case 'x' -> 16;
            case 'o' -> 8;
            case 'b' -> 2;
            default -> 10;
          };
      return new BigInteger(radix == 10 ? text : text.substring(2), radix);
    }
    return new BigInteger(text);
  }

  private Expr list(int line) {
    List<Expr> items = new ArrayList<>();
    while (!tokens.current().isOperator("]")) {
      if (!items.isEmpty()) {
        tokens.expectOperator(",");
        if (tokens.current().isOperator("]")) {
          break;
        }
      }
      items.add(expressions.expression());
    }
    tokens.expectOperator("]");
    return new Expr.Sequence(items, false, line);
  }

  private Expr mapping(int line) {
    List<Expr> keys = new ArrayList<>();
    List<Expr> values = new ArrayList<>();
    while (!tokens.current().isOperator("}")) {
      if (!keys.isEmpty()) {
        tokens.expectOperator(",");
        if (tokens.current().isOperator("}")) {
          break;
        }
      }
      keys.add(expressions.expression());
      tokens.expectOperator(":");
      values.add(expressions.expression());
    }
    tokens.expectOperator("}");
    return new Expr.Mapping(keys, values, line);
  }

  /** What follows a value without a blank: attributes, subscripts and calls. */
  Expr postfix(Expr start) {
    Expr expr = start;
    while (tokens.current().kind() == Token.Kind.OPERATOR) {
      Token token = tokens.current();
      switch (token.text()) {
        case "." -> {
          tokens.next();
          Token name = tokens.next();
          if (name.kind() == Token.Kind.NAME) {
            expr = new Expr.Attribute(expr, name.text(), token.line());
          } else if (name.kind() == Token.Kind.INTEGER) {
            Expr index = new Expr.Const(new Value.Int(integer(name.text())), name.line());
            expr = new Expr.Item(expr, index, token.line());
          } else {
            throw new TemplateException(
                name.line(), "a name or number was expected after '.', not " + name.describe());
          }
        }
        case "[" -> {
          tokens.next();
          expr = new Expr.Item(expr, subscript(), token.line());
        }
        case "(" -> expr = new Expr.Call(expr, arguments(), token.line());
        default -> {
          return expr;
        }
      }
    }
    return expr;
  }

  private Expr subscript() {
    int line = tokens.current().line();
    List<Expr> items = new ArrayList<>();
    do {
      items.add(slice());
    } while (tokens.skipOperator(","));
    tokens.expectOperator("]");
    return items.size() == 1 ? items.getFirst() : new Expr.Sequence(items, true, line);
  }

  private Expr slice() {
    int line = tokens.current().line();
    Expr from = tokens.current().isOperator(":") ? null : expressions.expression();
    if (!tokens.skipOperator(":")) {
      return from;
    }
    Expr to = sliceEnd() ? null : expressions.expression();
    Expr step = tokens.skipOperator(":") && !sliceEnd() ? expressions.expression() : null;
    return new Expr.Slice(from, to, step, line);
  }

  private boolean sliceEnd() {
    Token token = tokens.current();
    return token.isOperator(":") || token.isOperator("]") || token.isOperator(",");
  }

  private Expr.Arguments arguments() {
    tokens.expectOperator("(");
    List<Expr> positional = new ArrayList<>();
    List<String> names = new ArrayList<>();
    List<Expr> named = new ArrayList<>();
    Expr star = null;
    Expr starStar = null;
    boolean first = true;
    while (!tokens.current().isOperator(")")) {
      if (!first) {
        tokens.expectOperator(",");
        if (tokens.current().isOperator(")")) {
          break;
        }
      }
      first = false;
      if (starStar != null) {
        throw tokens.error("arguments after '**'");
      }
      if (tokens.skipOperator("**")) {
        starStar = expressions.expression();
      } else if (star == null && tokens.skipOperator("*")) {
        star = expressions.expression();
      } else if (tokens.current().kind() == Token.Kind.NAME && tokens.peek().isOperator("=")) {
        String name = tokens.next().text();
        tokens.next();
        if (names.contains(name)) {
          throw tokens.error("the argument '" + name + "' is there twice");
        }
        names.add(name);
        named.add(expressions.expression());
      } else if (star != null || !names.isEmpty()) {
        throw tokens.error("a positional argument after named ones");
      } else {
        positional.add(expressions.expression());
      }
    }
    tokens.expectOperator(")");
    return new Expr.Arguments(positional, names, named, star, starStar);
  }

  /** {@code | filter}, {@code is test} and calls of what they give. */
  Expr filtersAndTests(Expr start) {
    Expr expr = start;
    while (true) {
      Token token = tokens.current();
      if (token.isOperator("|")) {
        tokens.next();
        expr = new Expr.Filtered(expr, filterCall(), token.line());
      } else if (token.isName("is")) {
        tokens.next();
        expr = test(expr, token.line());
      } else if (token.isOperator("(")) {
        expr = new Expr.Call(expr, arguments(), token.line());
      } else {
        return expr;
      }
    }
  }

  /** {@code | a | b(c)}; may be none. */
  List<Expr.FilterCall> filterCalls() {
    List<Expr.FilterCall> filters = new ArrayList<>();
    while (tokens.skipOperator("|")) {
      filters.add(filterCall());
    }
    return filters;
  }

  /** A filter's name and arguments, after the {@code |}. */
  Expr.FilterCall filterCall() {
    int line = tokens.current().line();
    String name = dottedName();
    Expr.Arguments arguments = tokens.current().isOperator("(") ? arguments() : Expr.Arguments.NONE;
    return new Expr.FilterCall(name, arguments, line);
  }

  private String dottedName() {
    StringBuilder name = new StringBuilder(tokens.expect(Token.Kind.NAME).text());
    while (tokens.skipOperator(".")) {
      name.append('.').append(tokens.expect(Token.Kind.NAME).text());
    }
    return name.toString();
  }

  private Expr test(Expr input, int line) {
    boolean negated = tokens.skipName("not");
    String name = dottedName();
    Expr.Arguments arguments = Expr.Arguments.NONE;
    Token token = tokens.current();
    if (token.isOperator("(")) {
      arguments = arguments();
    } else if (beginsOperand(token)) {
      if (token.isName("is")) {
        throw tokens.error("tests with 'is' cannot follow each other");
      }
      expressions.enter();
      Expr operand = postfix(primary());
      expressions.leave();
      arguments = new Expr.Arguments(List.of(operand), List.of(), List.of(), null, null);
    }
    Expr test = new Expr.Tested(input, name, arguments, line);
    return negated ? new Expr.Unary(Operator.NOT, test, line) : test;
  }

  private static boolean beginsOperand(Token token) {
    return switch (token.kind()) {
      case STRING, INTEGER, FLOAT -> true;
      case NAME ->
          !token.isName("else")
              && !token.isName("or")
              && !token.isName("and")
              && !token.isName("if");
      case OPERATOR -> token.isOperator("[") || token.isOperator("{");
      default -> false;
    };
  }
}
