package dev.lamina.model.synthetic;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A byte-level BPE vocabulary of any size that readers of GGUF files accept: the 256 bytes, made-up
 * words that no merge leads to, and at the end the control tokens. It encodes every text, byte by
 * byte.
 */
final class MadeUpVocabulary {
  private static final int NORMAL = 1;
  private static final int CONTROL = 3;
  private static final String[] CONTROLS = {"<|begin|>", "<|end|>", "<|pad|>"};

  private MadeUpVocabulary() {}

  /** The keys {@code tokenizer.ggml.*} of {@code size} tokens; {@code size} at least 300. */
  static void put(Map<String, Object> metadata, String pre, int size) {
    List<String> tokens = new ArrayList<>(size);
    for (int b = 0; b < 256; b++) {
      tokens.add(byteToken(b));
    }
    String space = byteToken(' ');
    tokens.add(space + "t");
    int words = size - CONTROLS.length;
    for (int i = tokens.size(); i < words; i++) {
      tokens.add(space + "w" + Integer.toString(i, 36));
    }
    tokens.addAll(List.of(CONTROLS));
    int[] types = new int[size];
    for (int i = 0; i < size; i++) {
      types[i] = i < words ? NORMAL : CONTROL;
    }
    metadata.put("tokenizer.ggml.model", "gpt2");
    metadata.put("tokenizer.ggml.pre", pre);
    metadata.put("tokenizer.ggml.tokens", tokens);
    metadata.put("tokenizer.ggml.token_type", types);
    metadata.put("tokenizer.ggml.merges", List.of(space + " t"));
    metadata.put("tokenizer.ggml.bos_token_id", words);
    metadata.put("tokenizer.ggml.eos_token_id", words + 1);
    metadata.put("tokenizer.ggml.padding_token_id", words + 2);
    metadata.put("tokenizer.ggml.add_bos_token", false);
  }

  /**
   * The printable character that stands for a byte: itself where it is printable, otherwise the
   * next from U+0100 on (GPT-2's {@code bytes_to_unicode}).
   */
  private static String byteToken(int b) {
    int next = 256;
    for (int i = 0; i <= b; i++) {
      boolean itself = (i >= '!' && i <= '~') || (i >= 0xa1 && i <= 0xac) || i >= 0xae;
      if (i == b) {
        return Character.toString(itself ? i : next);
      }
      next += itself ? 0 : 1;
    }
    throw new AssertionError(b);
  }
}
