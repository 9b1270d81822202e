package dev.lamina.chat.jinja;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Cuts a template into tokens, with {@code trim_blocks} and {@code lstrip_blocks} on and {@code
 * keep_trailing_newline} off, as transformers sets up Jinja: a newline after a block or comment tag
 * is dropped, white space before one at the beginning of a line too, {@code -} strips all white
 * space on its side and {@code +} keeps it.
 */
final class Lexer {
  private static final String[] OPERATORS = {
    "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}",
    ">", "<", "=", ".", ":", "|", ",", ";"
  };

  private final String source;
  private final List<Token> tokens = new ArrayList<>();
  private int pos;
  private int line = 1;

  /** Whether the last tag took its line's newline with it, so that a new line begins here. */
  private boolean lineStarting = true;

  private Lexer(String source) {
    this.source = source;
  }

  static List<Token> tokenize(String text) {
    String source = text.replace("\r\n", "\n").replace('\r', '\n');
    if (source.endsWith("\n")) {
      source = source.substring(0, source.length() - 1);
    }
    Lexer lexer = new Lexer(source);
    lexer.root();
    lexer.add(Token.Kind.EOF, "");
    return lexer.tokens;
  }

  private TemplateException error(String problem) {
    return new TemplateException(line, problem);
  }

  private void add(Token.Kind kind, String text) {
    tokens.add(new Token(kind, text, line));
  }

  private void root() {
    while (pos < source.length()) {
      int start = nextTag(pos);
      if (start < 0) {
        data(source.substring(pos));
        pos = source.length();
        return;
      }
      char type = source.charAt(start + 1);
      char sign = signAt(start + 2);
      data(stripBefore(source.substring(pos, start), sign, type == '{'));
      moveTo(start + (sign == 0 ? 2 : 3));
      lineStarting = false;
      switch (type) {
        case '#' -> comment();
        case '{' -> {
          add(Token.Kind.VARIABLE_BEGIN, "{{");
          tag("}}", Token.Kind.VARIABLE_END);
        }
        default -> {
          int raw = rawBegin();
          if (raw >= 0) {
            moveTo(raw);
            raw();
          } else {
            add(Token.Kind.BLOCK_BEGIN, "{%");
            tag("%}", Token.Kind.BLOCK_END);
          }
        }
      }
    }
  }

  private void data(String text) {
    if (!text.isEmpty()) {
      add(Token.Kind.DATA, text);
    }
  }

  private int nextTag(int from) {
    for (int i = source.indexOf('{', from);
        i >= 0 && i + 1 < source.length();
        i = source.indexOf('{', i + 1)) {
      char c = source.charAt(i + 1);
      if (c == '%' || c == '{' || c == '#') {
        return i;
      }
    }
    return -1;
  }

  private char signAt(int at) {
    char c = at < source.length() ? source.charAt(at) : 0;
    return c == '-' || c == '+' ? c : 0;
  }

  private String stripBefore(String text, char sign, boolean variable) {
    if (sign == '-') {
      return Text.stripEnd(text);
    }
    if (sign == 0 && !variable) {
      int lineStart = text.lastIndexOf('\n') + 1;
      if ((lineStart > 0 || lineStarting) && Text.isBlank(text, lineStart)) {
        return text.substring(0, lineStart);
      }
    }
    return text;
  }

  /** Moves on, counting lines. */
  private void moveTo(int next) {
    for (; pos < next; pos++) {
      if (source.charAt(pos) == '\n') {
        line++;
      }
    }
  }

  /** After an end mark: what goes with it, by its sign. */
  private void endTag(int next, char sign, boolean trimNewline) {
    int end = next;
    if (sign == '-') {
      end = Text.skipSpace(source, end);
    } else if (sign == 0 && trimNewline && end < source.length() && source.charAt(end) == '\n') {
      end++;
    }
    moveTo(end);
    lineStarting = source.charAt(end - 1) == '\n';
  }

  private void comment() {
    int end = source.indexOf("#}", pos);
    if (end < 0) {
      throw error("a comment '{#' without its end '#}'");
    }
    char sign = end > pos ? signAt(end - 1) : 0;
    endTag(end + 2, sign, true);
  }

  /** The position after {@code raw %}} if that follows here, else -1. */
  private int rawBegin() {
    int at = Text.skipSpace(source, pos);
    if (!source.startsWith("raw", at)) {
      return -1;
    }
    at = Text.skipSpace(source, at + 3);
    if (source.startsWith("-%}", at)) {
      return Text.skipSpace(source, at + 3);
    }
    return source.startsWith("%}", at) ? at + 2 : -1;
  }

  private void raw() {
    for (int start = source.indexOf("{%", pos);
        start >= 0;
        start = source.indexOf("{%", start + 2)) {
      char sign = signAt(start + 2);
      int at = Text.skipSpace(source, start + (sign == 0 ? 2 : 3));
      if (!source.startsWith("endraw", at)) {
        continue;
      }
      at = Text.skipSpace(source, at + 6);
      char endSign = signAt(at);
      if (source.startsWith("%}", endSign == 0 ? at : at + 1)) {
        data(stripBefore(source.substring(pos, start), sign, false));
        endTag(at + (endSign == 0 ? 2 : 3), endSign, true);
        return;
      }
    }
    throw error("'raw' without its 'endraw'");
  }

  private void tag(String end, Token.Kind endKind) {
    ArrayDeque<Character> open = new ArrayDeque<>();
    while (true) {
      moveTo(Text.skipSpace(source, pos));
      if (pos >= source.length()) {
        throw error("a tag without its end '" + end + "'");
      }
      if (open.isEmpty()) {
        char sign = signAt(pos);
        if (sign == '+' && endKind == Token.Kind.VARIABLE_END) {
          sign = 0;
        }
        int at = sign == 0 ? pos : pos + 1;
        if (source.startsWith(end, at)) {
          add(endKind, end);
          endTag(at + 2, sign, endKind == Token.Kind.BLOCK_END);
          return;
        }
      }
      char c = source.charAt(pos);
      if (c == '\'' || c == '"') {
        literal(Literals.string(source, pos, line));
      } else if (c >= '0' && c <= '9') {
        literal(Literals.number(source, pos, line));
      } else if (Character.isUnicodeIdentifierPart(c) && !Character.isIdentifierIgnorable(c)
          || Character.isHighSurrogate(c)) {
        name();
      } else {
        operator(open);
      }
    }
  }

  private void literal(Literals.Literal literal) {
    add(literal.kind(), literal.text());
    moveTo(literal.end());
  }

  private void name() {
    int end = pos;
    while (end < source.length()) {
      int c = source.codePointAt(end);
      if (!Character.isUnicodeIdentifierPart(c) || Character.isIdentifierIgnorable(c)) {
        break;
      }
      end += Character.charCount(c);
    }
    String name = source.substring(pos, end);
    if (end == pos
        || !(Character.isUnicodeIdentifierStart(name.codePointAt(0)) || name.charAt(0) == '_')) {
      throw error(
          "a character that begins no name: '" + Text.shorten(source.substring(pos), 10) + "'");
    }
    add(Token.Kind.NAME, name);
    pos = end;
  }

  private void operator(ArrayDeque<Character> open) {
    for (String operator : OPERATORS) {
      if (source.startsWith(operator, pos)) {
        switch (operator) {
          case "(" -> open.push(')');
          case "[" -> open.push(']');
          case "{" -> open.push('}');
          case ")", "]", "}" -> {
            if (open.isEmpty() || open.pop() != operator.charAt(0)) {
              throw error("'" + operator + "' closes nothing that is open");
            }
          }
          default -> {}
        }
        add(Token.Kind.OPERATOR, operator);
        pos += operator.length();
        return;
      }
    }
    throw error(
        "a character that means nothing in a tag: '"
            + Text.shorten(source.substring(pos), 1)
            + "'");
  }
}
