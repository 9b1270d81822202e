package dev.lamina.tokenizer;

/**
 * SentencePiece's byte-pair encoding: of two neighbours those whose joined text is the token with
 * the highest score are joined first. Characters without a token become byte tokens. Spaces are
 * written U+2581 in the vocabulary's file; here they are kept as spaces.
 */
final class SpmEncoder extends Merger implements Encoder {
  private final Vocabulary vocabulary;
  private final int[] ranks;
  private final int[] byteId;
  private final boolean addSpacePrefix;
  private final int longest;

  /** Last bytes of characters that stand before a space within a token. */
  private final boolean[] joinsSpace = new boolean[256];

  /** As in {@link BpeEncoder}. */
  private final byte[] whole;

  /**
   * @param scores one a token
   * @param byteId 256 ids of byte tokens, -1 where there is none
   */
  SpmEncoder(Vocabulary vocabulary, float[] scores, int[] byteId, boolean addSpacePrefix) {
    this.vocabulary = vocabulary;
    this.byteId = byteId;
    this.addSpacePrefix = addSpacePrefix;
    this.whole = new byte[vocabulary.size()];
    this.ranks = new int[vocabulary.size()];
    int max = 0;
    for (int id = 0; id < ranks.length; id++) {
      ranks[id] = rank(scores[id]);
      max = Math.max(max, vocabulary.length(id));
      for (int at = vocabulary.start(id) + 1; at < vocabulary.end(id); at++) {
        if (vocabulary.at(at) == ' ') {
          joinsSpace[vocabulary.at(at - 1) & 0xFF] = true;
        }
      }
    }
    longest = max;
  }

  /** Maps scores to ints of the opposite order: the highest score has the lowest rank. */
  private static int rank(float score) {
    int bits = Float.floatToIntBits(score + 0.0f);
    return Math.min(~(bits ^ bits >> 31 & 0x7FFFFFFF), Integer.MAX_VALUE - 1);
  }

  @Override
  int symbolLength(byte[] text, int from, int to) {
    int lead = text[from] & 0xFF;
    return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  }

  @Override
  int symbol(byte[] text, int from, int to) {
    return vocabulary.find(text, from, to);
  }

  @Override
  long pair(byte[] text, int left, int right, int from, int to) {
    if (to - from > longest) {
      return NONE;
    }
    int id = vocabulary.find(text, from, to);
    return id < 0 ? NONE : pair(ranks[id], id);
  }

  @Override
  public void encode(CharSequence text, int from, int to, boolean afterSpecial, IntList out) {
    byte[] bytes = new byte[Math.addExact(Math.multiplyExact(to - from, 3), 1)];
    int length = 0;
    if (addSpacePrefix && afterSpecial) {
      bytes[length++] = ' ';
    }
    for (int i = from; i < to; ) {
      int c = Utf8.codePoint(text, i, to);
      i += Character.charCount(c);
      length = Utf8.put(c == SpaceMark.CODE_POINT ? ' ' : c, bytes, length);
    }
    // No token reaches over these cuts, so each part can be merged alone.
    Symbols symbols = new Symbols();
    int start = 0;
    for (int i = 1; i < length; i++) {
      if (bytes[i] == ' ' && !joinsSpace[bytes[i - 1] & 0xFF]) {
        part(symbols, bytes, start, i, out);
        start = i;
      }
    }
    part(symbols, bytes, start, length, out);
  }

  private void part(Symbols symbols, byte[] text, int from, int to, IntList out) {
    int id = to - from > longest ? -1 : vocabulary.find(text, from, to);
    if (id >= 0 && whole[id] == 1) {
      out.add(id);
      return;
    }
    merge(symbols, text, from, to);
    if (id >= 0) {
      whole[id] = (byte) (symbols.count == 1 ? 1 : 2);
    }
    for (int i = 0; i < symbols.count; i++) {
      if (symbols.id[i] >= 0) {
        out.add(symbols.id[i]);
      } else {
        bytes(text, symbols.start[i], symbols.start[i + 1], out);
      }
    }
  }

  private void bytes(byte[] text, int from, int to, IntList out) {
    byte[] raw = text;
    int start = from;
    int end = to;
    if (text[from] == ' ') {
      raw = new byte[3];
      start = 0;
      end = Utf8.put(SpaceMark.CODE_POINT, raw, 0);
    }
    for (int i = start; i < end; i++) {
      int id = byteId[raw[i] & 0xFF];
      if (id >= 0) {
        out.add(id);
      }
    }
  }
}
