package dev.lamina.chat.jinja;

/**
 * A piece of a template.
 *
 * @param text data, a name, an operator, the value of a string, or the digits of a number
 * @param line where it begins, from 1
 */
record Token(Kind kind, String text, int line) {
  enum Kind {
    DATA,
    VARIABLE_BEGIN,
    VARIABLE_END,
    BLOCK_BEGIN,
    BLOCK_END,
    NAME,
    STRING,
    INTEGER,
    FLOAT,
    OPERATOR,
    EOF
  }

  boolean isName(String name) {
    return kind == Kind.NAME && text.equals(name);
  }

  boolean isOperator(String operator) {
    return kind == Kind.OPERATOR && text.equals(operator);
  }

  /** For messages. */
  String describe() {
    return switch (kind) {
      case DATA -> "template text";
      case VARIABLE_BEGIN -> "'{{'";
      case VARIABLE_END -> "'}}'";
      case BLOCK_BEGIN -> "'{%'";
      case BLOCK_END -> "'%}'";
      case EOF -> "the end of the template";
      case STRING -> "a string";
      case NAME, INTEGER, FLOAT, OPERATOR -> "'" + Text.shorten(text, 40) + "'";
    };
  }
}
