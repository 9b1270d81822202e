package dev.lamina.chat.jinja;

import java.util.List;

/** The tokens of a template and how far the parser is. */
final class Tokens {
  private final List<Token> tokens;
  private int at;

  Tokens(List<Token> tokens) {
    this.tokens = tokens;
  }

  Token current() {
    return tokens.get(at);
  }

  Token peek() {
    return tokens.get(Math.min(at + 1, tokens.size() - 1));
  }

  /** The current token, and moves on; the last one stays. */
  Token next() {
    Token token = tokens.get(at);
    if (at < tokens.size() - 1) {
      at++;
    }
    return token;
  }

  int mark() {
    return at;
  }

  /** Whether a name occurs between a mark and here. */
  boolean nameSince(int mark, String name) {
    for (int i = mark; i < at; i++) {
      if (tokens.get(i).isName(name)) {
        return true;
      }
    }
    return false;
  }

  TemplateException error(String problem) {
    return new TemplateException(current().line(), problem);
  }

  Token expect(Token.Kind kind) {
    if (current().kind() != kind) {
      throw error(
          (kind == Token.Kind.NAME ? "a name" : new Token(kind, "", 0).describe())
              + " was expected, not "
              + current().describe());
    }
    return next();
  }

  void expectName(String name) {
    if (!skipName(name)) {
      throw error("'" + name + "' was expected, not " + current().describe());
    }
  }

  void expectOperator(String operator) {
    if (!skipOperator(operator)) {
      throw error("'" + operator + "' was expected, not " + current().describe());
    }
  }

  boolean skipName(String name) {
    boolean is = current().isName(name);
    if (is) {
      next();
    }
    return is;
  }

  boolean skipOperator(String operator) {
    boolean is = current().isOperator(operator);
    if (is) {
      next();
    }
    return is;
  }
}
