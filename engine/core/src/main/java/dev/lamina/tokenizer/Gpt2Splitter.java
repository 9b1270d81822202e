package dev.lamina.tokenizer;

/**
 * {@code 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+}, of OpenAI's
 * gpt-2/src/encoder.py.
 */
final class Gpt2Splitter implements Splitter {
  @Override
  public int match(CodePoints text, int at, int end) {
    int after = Scan.contraction(text, at, end, false);
    if (after > at) {
      return after;
    }
    int word = text.at(at) == ' ' ? at + 1 : at;
    int kind = text.classAt(word, end);
    return switch (kind) {
      case CharClasses.LETTER, CharClasses.NUMBER -> Scan.run(text, word, end, kind);
      case CharClasses.SPACE, CharClasses.END -> Scan.whitespace(text, at, end, false);
      default -> Scan.others(text, word, end, false);
    };
  }
}
