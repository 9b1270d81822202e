package dev.lamina.tokenizer;

import dev.lamina.gguf.ByteStrings;
import java.util.List;

/**
 * Reads the merges: each is two symbols with a blank between, and its place is its rank. What a
 * merge names and the vocabulary lacks is added to it behind the tokens: llama.cpp merges over such
 * symbols, too.
 */
final class MergeReader {
  private final String source;
  private final Vocabulary vocabulary;
  private final ByteStrings merges;
  private final List<String> warnings;
  private byte[] bytes = new byte[256];

  MergeReader(String source, Vocabulary vocabulary, ByteStrings merges, List<String> warnings) {
    this.source = source;
    this.vocabulary = vocabulary;
    this.merges = merges;
    this.warnings = warnings;
  }

  MergeTable read() {
    MergeTable table = new MergeTable(merges.size());
    int tokens = vocabulary.size();
    int strange = 0;
    int first = 0;
    // Tokens mostly stand in the order of the merges that make them.
    int result = 0;
    for (int rank = 0; rank < merges.size(); rank++) {
      int from = merges.start(rank);
      int to = merges.end(rank);
      int blank = blank(rank, from, to);
      if (bytes.length < to - from) {
        bytes = new byte[(to - from) * 2];
      }
      int left = ByteAlphabet.decode(merges.bytes(), from, blank, bytes, 0);
      int both = left < 0 ? -1 : ByteAlphabet.decode(merges.bytes(), blank + 1, to, bytes, left);
      if (both < 0) {
        first = strange++ == 0 ? rank : first;
        continue; // No text has such characters once it is written in bytes.
      }
      both += left;
      result++;
      if (result >= tokens || !vocabulary.matches(result, bytes, 0, both)) {
        result = symbol(0, both);
      }
      int one = symbol(0, left);
      int other = symbol(left, both);
      if (result >= tokens || one >= tokens || other >= tokens) {
        first = strange++ == 0 ? rank : first;
      }
      table.put(one, other, rank, result);
    }
    if (strange > 0) {
      warnings.add(
          "%s: %d of tokenizer.ggml.merges name what is no token, the first is [%d], %s"
              .formatted(source, strange, first, Tokens.quote(merges.string(first))));
    }
    return table;
  }

  /** Where the two symbols part; the first character may itself be a blank. */
  private int blank(int rank, int from, int to) {
    byte[] text = merges.bytes();
    for (int i = from + 1; i < to - 1; i++) {
      if (text[i] == ' ') {
        return i;
      }
    }
    throw new TokenizerException(
        "%s: tokenizer.ggml.merges[%d] is %s, not two symbols with a blank between"
            .formatted(source, rank, Tokens.quote(merges.string(rank))));
  }

  private int symbol(int from, int to) {
    int id = vocabulary.find(bytes, from, to);
    return id >= 0 ? id : vocabulary.add(bytes, from, to);
  }
}
