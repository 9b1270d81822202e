package dev.lamina.chat.jinja;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;

/** Tags and their nesting: tokens to statements. */
final class Parser {
  /** Statements in statements; those of templates nest about ten deep. */
  private static final int MAX_NESTING = 60;

  private final Tokens tokens;
  private final ExprParser expressions;
  private int nesting;
  private int loops;

  private Parser(List<Token> tokens) {
    this.tokens = new Tokens(tokens);
    this.expressions = new ExprParser(this.tokens);
  }

  static List<Stmt> parse(String source) {
    Parser parser = new Parser(Lexer.tokenize(source));
    return parser.body("the template");
  }

  /** Statements up to one of the end tags, which is left as the current token. */
  private List<Stmt> body(String opener, String... ends) {
    if (++nesting > MAX_NESTING) {
      throw tokens.error("tags nest deeper than " + MAX_NESTING + " levels");
    }
    int openedAt = tokens.current().line();
    List<Stmt> body = new ArrayList<>();
    while (true) {
      Token token = tokens.next();
      switch (token.kind()) {
        case DATA -> body.add(new Stmt.Data(token.text(), token.line()));
        case VARIABLE_BEGIN -> {
          Expr value = expressions.tuple(true);
          tokens.expect(Token.Kind.VARIABLE_END);
          body.add(new Stmt.Print(value, token.line()));
        }
        case BLOCK_BEGIN -> {
          for (String end : ends) {
            if (tokens.current().isName(end)) {
              nesting--;
              return body;
            }
          }
          statement(body, opener, ends);
          tokens.expect(Token.Kind.BLOCK_END);
        }
        case EOF -> {
          if (ends.length > 0) {
            throw new TemplateException(
                openedAt, "'" + opener + "' has no '" + ends[ends.length - 1] + "'");
          }
          nesting--;
          return body;
        }
        default -> throw new TemplateException(token.line(), "unexpected " + token.describe());
      }
    }
  }

  /** The body of a tag: {@code %}} (a colon before it is allowed) and what follows. */
  private List<Stmt> block(String opener, String... ends) {
    tokens.skipOperator(":");
    tokens.expect(Token.Kind.BLOCK_END);
    return body(opener, ends);
  }

  private List<Stmt> blockToEnd(String opener, String end) {
    List<Stmt> body = block(opener, end);
    tokens.next();
    return body;
  }

  private void statement(List<Stmt> body, String opener, String... ends) {
    Token tag = tokens.expect(Token.Kind.NAME);
    int line = tag.line();
    switch (tag.text()) {
      case "if" -> body.add(ifStatement(line));
      case "for" -> body.add(forStatement(line));
      case "set" -> body.add(setStatement(line));
      case "macro" -> body.add(macro(line));
      case "call" -> body.add(callBlock(line));
      case "filter" -> {
        List<Expr.FilterCall> filters = new ArrayList<>();
        filters.add(expressions.operands().filterCall());
        filters.addAll(expressions.operands().filterCalls());
        body.add(new Stmt.FilterBlock(filters, blockToEnd("filter", "endfilter"), line));
      }
      case "with" -> body.add(with(line));
      case "print" -> print(body, line);
      case "generation" ->
          body.add(new Stmt.Scoped(blockToEnd("generation", "endgeneration"), line));
      case "autoescape" -> {
        expressions.expression();
        body.add(new Stmt.Scoped(blockToEnd("autoescape", "endautoescape"), line));
      }
      case "break" -> {
        requireLoop(tag);
        body.add(new Stmt.Break(line));
      }
      case "continue" -> {
        requireLoop(tag);
        body.add(new Stmt.Continue(line));
      }
      case "block", "extends", "include", "import", "from" ->
          throw new TemplateException(
              line, "the tag '" + tag.text() + "' needs other templates, which there are not");
      default ->
          throw new TemplateException(
              line,
              "unknown tag '"
                  + Text.shorten(tag.text(), 40)
                  + "'"
                  + (ends.length == 0
                      ? ""
                      : ", in '" + opener + "' that ends with " + String.join(" or ", ends)));
    }
  }

  private void requireLoop(Token tag) {
    if (loops == 0) {
      throw new TemplateException(tag.line(), "'" + tag.text() + "' outside of a loop");
    }
  }

  private Stmt ifStatement(int line) {
    List<Expr> tests = new ArrayList<>();
    List<List<Stmt>> bodies = new ArrayList<>();
    while (true) {
      tests.add(expressions.tuple(false));
      bodies.add(block("if", "elif", "else", "endif"));
      String next = tokens.next().text();
      if (next.equals("endif")) {
        bodies.add(List.of());
        break;
      }
      if (next.equals("else")) {
        bodies.add(blockToEnd("if", "endif"));
        break;
      }
    }
    return new Stmt.If(tests, bodies, line);
  }

  private Stmt forStatement(int line) {
    Stmt.Target target = target(false);
    tokens.expectName("in");
    Expr iterable = expressions.tuple(false, "recursive");
    Expr filter = tokens.skipName("if") ? expressions.expression() : null;
    boolean recursive = tokens.skipName("recursive");
    loops++;
    List<Stmt> body = block("for", "else", "endfor");
    loops--;
    List<Stmt> otherwise = List.of();
    if (tokens.next().text().equals("else")) {
      otherwise = blockToEnd("for", "endfor");
    }
    return new Stmt.For(target, iterable, filter, recursive, body, otherwise, line);
  }

  private Stmt setStatement(int line) {
    Stmt.Target target = target(true);
    if (tokens.skipOperator("=")) {
      return new Stmt.Set(target, expressions.tuple(true), line);
    }
    List<Expr.FilterCall> filters = expressions.operands().filterCalls();
    return new Stmt.SetBlock(target, filters, blockToEnd("set", "endset"), line);
  }

  private Stmt with(int line) {
    List<Stmt.Target> targets = new ArrayList<>();
    List<Expr> values = new ArrayList<>();
    while (tokens.current().kind() != Token.Kind.BLOCK_END) {
      if (!targets.isEmpty()) {
        tokens.expectOperator(",");
      }
      targets.add(new Stmt.Target.Variable(tokens.expect(Token.Kind.NAME).text()));
      tokens.expectOperator("=");
      values.add(expressions.expression());
    }
    return new Stmt.With(targets, values, blockToEnd("with", "endwith"), line);
  }

  private void print(List<Stmt> body, int line) {
    boolean first = true;
    while (tokens.current().kind() != Token.Kind.BLOCK_END) {
      if (!first) {
        tokens.expectOperator(",");
      }
      body.add(new Stmt.Print(expressions.expression(), line));
      first = false;
    }
  }

  private Stmt macro(int line) {
    String name = tokens.expect(Token.Kind.NAME).text();
    return new Stmt.Macro(function("macro", "endmacro", name, true), line);
  }

  private Stmt callBlock(int line) {
    int start = tokens.mark();
    boolean signature = tokens.current().isOperator("(");
    List<String> parameters = new ArrayList<>();
    List<Expr> defaults = new ArrayList<>();
    if (signature) {
      signature(parameters, defaults);
    }
    if (!(expressions.expression() instanceof Expr.Call call)) {
      throw new TemplateException(line, "'call' needs a call of a macro");
    }
    return new Stmt.CallBlock(
        call, finish("call", "endcall", "caller", parameters, defaults, start), line);
  }

  private Stmt.Function function(String tag, String end, String name, boolean signature) {
    int start = tokens.mark();
    List<String> parameters = new ArrayList<>();
    List<Expr> defaults = new ArrayList<>();
    if (signature) {
      signature(parameters, defaults);
    }
    return finish(tag, end, name, parameters, defaults, start);
  }

  private Stmt.Function finish(
      String tag,
      String end,
      String name,
      List<String> parameters,
      List<Expr> defaults,
      int start) {
    int outerLoops = loops;
    loops = 0;
    List<Stmt> body = blockToEnd(tag, end);
    loops = outerLoops;
    return new Stmt.Function(
        name,
        parameters,
        defaults,
        tokens.nameSince(start, "varargs"),
        tokens.nameSince(start, "kwargs"),
        body);
  }

  private void signature(List<String> parameters, List<Expr> defaults) {
    tokens.expectOperator("(");
    while (!tokens.current().isOperator(")")) {
      if (!parameters.isEmpty()) {
        tokens.expectOperator(",");
      }
      parameters.add(tokens.expect(Token.Kind.NAME).text());
      if (tokens.skipOperator("=")) {
        defaults.add(expressions.expression());
      } else if (!defaults.isEmpty()) {
        throw tokens.error("a parameter without a default follows one with a default");
      }
    }
    tokens.expectOperator(")");
    if (new HashSet<>(parameters).size() != parameters.size()) {
      throw tokens.error("a parameter is there twice");
    }
  }

  /** One name, or several with commas, parentheses allowed. */
  private Stmt.Target target(boolean namespace) {
    List<Stmt.Target> targets = new ArrayList<>();
    boolean several = false;
    do {
      if (!targets.isEmpty() && endsTarget()) {
        break;
      }
      targets.add(oneTarget(namespace));
      several |= tokens.current().isOperator(",");
    } while (tokens.skipOperator(","));
    return several ? new Stmt.Target.Several(targets) : targets.getFirst();
  }

  private boolean endsTarget() {
    Token token = tokens.current();
    return token.isName("in")
        || token.isOperator("=")
        || token.isOperator(")")
        || token.kind() == Token.Kind.BLOCK_END;
  }

  private Stmt.Target oneTarget(boolean namespace) {
    if (tokens.skipOperator("(")) {
      if (++nesting > MAX_NESTING) {
        throw tokens.error("parentheses nest deeper than " + MAX_NESTING + " levels");
      }
      Stmt.Target target = target(namespace);
      tokens.expectOperator(")");
      nesting--;
      return target;
    }
    Token name = tokens.expect(Token.Kind.NAME);
    switch (name.text()) {
      case "true", "false", "none", "True", "False", "None", "in" ->
          throw new TemplateException(
              name.line(), "nothing can be assigned to '" + name.text() + "'");
      default -> {}
    }
    if (namespace && tokens.skipOperator(".")) {
      return new Stmt.Target.Member(name.text(), tokens.expect(Token.Kind.NAME).text());
    }
    return new Stmt.Target.Variable(name.text());
  }
}
