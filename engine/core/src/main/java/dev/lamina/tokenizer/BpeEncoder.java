package dev.lamina.tokenizer;

/**
 * Byte-pair encoding over the bytes of words, as GPT-2 introduced it: the pre-tokenizer cuts the
 * text into words, and in each word the merges are applied in the order of their ranks.
 */
final class BpeEncoder extends Merger implements Encoder {
  private final Vocabulary vocabulary;
  private final int tokens;
  private final MergeTable merges;
  private final Splitter[] splitters;
  private final boolean ignoresMerges;
  private final int[] byteId = new int[256];

  /**
   * For a token: 0 not known yet, 1 its bytes merge to itself, 2 they do not. Threads may race to
   * the same answer.
   */
  private final byte[] whole;

  /**
   * @param vocabulary the tokens as bytes; symbols that occur only in merges come after them
   * @param tokens how many of the vocabulary are tokens
   */
  BpeEncoder(Vocabulary vocabulary, int tokens, MergeTable merges, PreTokenizer preTokenizer) {
    this.vocabulary = vocabulary;
    this.tokens = tokens;
    this.merges = merges;
    this.splitters = preTokenizer.splitters();
    this.ignoresMerges = preTokenizer.ignoresMerges();
    this.whole = new byte[tokens];
    byte[] one = new byte[1];
    for (int b = 0; b < 256; b++) {
      one[0] = (byte) b;
      int id = vocabulary.find(one, 0, 1);
      byteId[b] = id >= 0 ? id : vocabulary.add(one, 0, 1);
    }
  }

  @Override
  int symbolLength(byte[] text, int from, int to) {
    return 1;
  }

  @Override
  int symbol(byte[] text, int from, int to) {
    return byteId[text[from] & 0xFF];
  }

  @Override
  long pair(byte[] text, int left, int right, int from, int to) {
    return merges.find(left, right);
  }

  @Override
  public void encode(CharSequence text, int from, int to, boolean afterSpecial, IntList out) {
    CodePoints points = new CodePoints(text, from, to);
    IntList ends = PreTokenizer.split(splitters, points);
    byte[] bytes = points.utf8();
    Symbols symbols = new Symbols();
    int point = 0;
    int start = 0;
    for (int i = 0; i < ends.size(); i++) {
      int end = start;
      for (int last = ends.get(i); point < last; point++) {
        end += Utf8.length(points.at(point));
      }
      word(symbols, bytes, start, end, out);
      start = end;
    }
  }

  private void word(Symbols symbols, byte[] text, int from, int to, IntList out) {
    int id = to - from == 1 ? byteId[text[from] & 0xFF] : vocabulary.find(text, from, to);
    if (id >= 0 && id < tokens && (ignoresMerges || isWhole(id, symbols, text, from, to))) {
      out.add(id);
      return;
    }
    merge(symbols, text, from, to);
    for (int i = 0; i < symbols.count; i++) {
      emit(symbols.id[i], out);
    }
  }

  private boolean isWhole(int id, Symbols symbols, byte[] text, int from, int to) {
    if (whole[id] == 0) {
      merge(symbols, text, from, to);
      whole[id] = (byte) (symbols.count == 1 ? 1 : 2);
    }
    return whole[id] == 1;
  }

  /** A symbol that is no token is written byte by byte; bytes without a token are left out. */
  private void emit(int id, IntList out) {
    if (id < tokens) {
      out.add(id);
      return;
    }
    for (int at = vocabulary.start(id); at < vocabulary.end(id); at++) {
      int single = byteId[vocabulary.at(at) & 0xFF];
      if (single < tokens) {
        out.add(single);
      }
    }
  }
}
