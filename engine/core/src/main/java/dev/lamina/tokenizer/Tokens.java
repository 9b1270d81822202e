package dev.lamina.tokenizer;

import dev.lamina.gguf.ByteStrings;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * The tokens of a file: bytes, types, and texts in both directions. For byte-pair encoding {@link
 * #vocabulary} holds the bytes that the GPT-2 alphabet stands for; for SentencePiece the text with
 * U+2581 as a space.
 */
final class Tokens {
  final Vocabulary vocabulary;
  final int size;
  final TokenType[] types;

  /**
   * Texts of the tokens whose bytes are not what {@link #vocabulary} holds, or that are special.
   */
  private final Map<Integer, String> literals = new HashMap<>();

  /** Tokens that {@link #vocabulary} cannot find. */
  private final Map<String, Integer> odd = new HashMap<>();

  private final boolean bpe;

  Tokens(String source, ByteStrings texts, TokenType[] types, boolean bpe) {
    this.size = texts.size();
    this.types = types;
    this.bpe = bpe;
    this.vocabulary = new Vocabulary(size, texts.bytes().length);
    for (int id = 0; id < size; id++) {
      int from = texts.start(id);
      int to = texts.end(id);
      if (from == to) {
        String text = "[EMPTY_" + id + "]";
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        add(source, id, bytes, 0, bytes.length);
      } else {
        add(source, id, texts.bytes(), from, to);
      }
      if (types[id].partitions()) {
        literals.put(id, from == to ? "[EMPTY_" + id + "]" : texts.string(id));
      } else if (types[id] == TokenType.BYTE) {
        checkByte(source, id, texts.string(id));
      }
    }
  }

  private void add(String source, int id, byte[] text, int from, int to) {
    byte[] into = vocabulary.reserve(to - from);
    int length = matchable(text, from, to, into, vocabulary.next());
    int before;
    if (length >= 0) {
      before = vocabulary.commit(length);
    } else {
      if (!Utf8.isValid(text, from, to)) {
        throw new TokenizerException(
            source + ": tokenizer.ggml.tokens[" + id + "] is not valid UTF-8");
      }
      String string = new String(text, from, to - from, StandardCharsets.UTF_8);
      Integer same = odd.putIfAbsent(string, id);
      System.arraycopy(text, from, into, vocabulary.next(), to - from);
      before = same == null ? vocabulary.commitUnfindable(to - from) : same;
    }
    if (before != id) {
      throw new TokenizerException(
          "%s: tokenizer.ggml.tokens has %s twice, as %d and %d"
              .formatted(
                  source,
                  quote(new String(text, from, to - from, StandardCharsets.UTF_8)),
                  before,
                  id));
    }
  }

  private static void checkByte(String source, int id, String text) {
    if (byteOf(text) < 0) {
      throw new TokenizerException(
          "%s: tokenizer.ggml.tokens[%d] is %s, but its type says that it is a byte, written <0x00> to <0xFF>"
              .formatted(source, id, quote(text)));
    }
  }

  /** The byte that {@code <0xHH>} names, or -1. */
  static int byteOf(String text) {
    if (text.length() != 6 || !text.startsWith("<0x") || text.charAt(5) != '>') {
      return -1;
    }
    int high = Character.digit(text.charAt(3), 16);
    int low = Character.digit(text.charAt(4), 16);
    return high < 0 || low < 0 || text.charAt(3) > 'f' || text.charAt(4) > 'f'
        ? -1
        : high << 4 | low;
  }

  /** A text for messages: quoted, shortened, without control characters. */
  static String quote(String text) {
    StringBuilder out = new StringBuilder("'");
    text.codePoints()
        .limit(40)
        .forEach(c -> out.appendCodePoint(Character.isISOControl(c) ? Utf8.REPLACEMENT : c));
    return out.append(text.codePointCount(0, text.length()) > 40 ? "…'" : "'").toString();
  }

  /**
   * Writes the bytes by which a token can be met in an encoded text. Returns their number, or -1
   * where it cannot be met. Takes at most as much room as the text.
   */
  private int matchable(byte[] text, int from, int to, byte[] out, int at) {
    return bpe
        ? ByteAlphabet.decode(text, from, to, out, at)
        : SpaceMark.decode(text, from, to, out, at);
  }

  /** The id of the token with this text, as the file writes it, or -1. */
  int find(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    byte[] bytes = new byte[utf8.length];
    int length = matchable(utf8, 0, utf8.length, bytes, 0);
    if (length < 0) {
      return odd.getOrDefault(text, -1);
    }
    int id = vocabulary.find(bytes, 0, length);
    return id < size ? id : -1;
  }

  /** The text of a special token as the file writes it. */
  String literal(int id) {
    return literals.get(id);
  }

  /** Makes a token a control token, whose text the file writes as given. */
  void makeControl(int id, String text) {
    types[id] = TokenType.CONTROL;
    literals.put(id, text);
  }

  void setType(int id, TokenType type, String text) {
    types[id] = type;
    literals.put(id, text);
  }

  /** The bytes that a token stands for in a text. */
  byte[] bytes(int id) {
    return switch (types[id]) {
      case UNDEFINED, UNUSED -> new byte[0];
      case NORMAL -> vocabulary.copy(id);
      case BYTE ->
          new byte[] {(byte) byteOf(new String(vocabulary.copy(id), StandardCharsets.US_ASCII))};
      case UNKNOWN, CONTROL, USER_DEFINED -> literals.get(id).getBytes(StandardCharsets.UTF_8);
    };
  }
}
