package dev.lamina.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
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
  private byte[] scratch = new byte[256];

  Tokens(String source, List<String> texts, TokenType[] types, boolean bpe) {
    this.size = texts.size();
    this.types = types;
    this.bpe = bpe;
    this.vocabulary = new Vocabulary(size);
    for (int id = 0; id < size; id++) {
      String text = texts.get(id);
      if (text.isEmpty()) {
        text = "[EMPTY_" + id + "]";
      }
      add(source, id, text);
      if (types[id].partitions()) {
        literals.put(id, text);
      } else if (types[id] == TokenType.BYTE) {
        checkByte(source, id, text);
      }
    }
  }

  private void add(String source, int id, String text) {
    int length = matchable(text);
    int before;
    if (length >= 0) {
      before = vocabulary.find(scratch, 0, length);
      if (before < 0) {
        vocabulary.add(scratch, 0, length);
        return;
      }
    } else {
      Integer same = odd.putIfAbsent(text, id);
      if (same == null) {
        byte[] raw = text.getBytes(StandardCharsets.UTF_8);
        vocabulary.addUnfindable(raw, 0, raw.length);
        return;
      }
      before = same;
    }
    throw new TokenizerException(
        "%s: tokenizer.ggml.tokens has %s twice, as %d and %d"
            .formatted(source, quote(text), before, id));
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
   * Writes the bytes by which a token's text can be met in an encoded text to the scratch array.
   * Returns their number, or -1 where it cannot be met.
   */
  private int matchable(String text) {
    if (scratch.length < text.length() * 3) {
      scratch = new byte[text.length() * 3];
    }
    int length = 0;
    for (int i = 0; i < text.length(); ) {
      char c = text.charAt(i);
      if (bpe) {
        int b = ByteAlphabet.byteOf(c);
        if (b < 0) {
          return -1;
        }
        scratch[length++] = (byte) b;
        i++;
      } else if (c < 0x80) {
        if (c == ' ') {
          return -1;
        }
        scratch[length++] = (byte) c;
        i++;
      } else {
        int point = Utf8.codePoint(text, i, text.length());
        i += Character.charCount(point);
        length = Utf8.put(point == 0x2581 ? ' ' : point, scratch, length);
      }
    }
    return length;
  }

  /** The id of the token with this text, as the file writes it, or -1. */
  int find(String text) {
    int length = text.isEmpty() ? -1 : matchable(text);
    if (length < 0) {
      return odd.getOrDefault(text, -1);
    }
    int id = vocabulary.find(scratch, 0, length);
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
