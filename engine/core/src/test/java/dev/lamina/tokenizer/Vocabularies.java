package dev.lamina.tokenizer;

import dev.lamina.gguf.Metadata;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Small made-up vocabularies. */
final class Vocabularies {
  private static final String[] ALPHABET = alphabet();

  private Vocabularies() {}

  /**
   * GPT-2's byte alphabet, written down a second time: bytes_to_unicode of gpt-2/src/encoder.py.
   */
  private static String[] alphabet() {
    String[] out = new String[256];
    int next = 0;
    for (int b = 0; b < 256; b++) {
      boolean same = b >= '!' && b <= '~' || b >= '¡' && b <= '¬' || b >= '®' && b <= 'ÿ';
      out[b] = String.valueOf((char) (same ? b : 256 + next++));
    }
    return out;
  }

  /** Bytes in the byte alphabet. */
  static String spell(byte[] bytes) {
    StringBuilder out = new StringBuilder();
    for (byte b : bytes) {
      out.append(ALPHABET[b & 0xFF]);
    }
    return out.toString();
  }

  static String spell(String text) {
    return spell(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }

  /** The bytes (ids 0 to 255), a token for each merge (256 and up), and special tokens. */
  static Map<String, Object> bpe(List<String> merges, List<String> control, List<String> user) {
    List<String> tokens = new ArrayList<>(List.of(ALPHABET));
    for (String merge : merges) {
      tokens.add(merge.replace(" ", ""));
    }
    List<Integer> types = new ArrayList<>();
    tokens.forEach(_ -> types.add(1));
    for (String token : control) {
      tokens.add(token);
      types.add(3);
    }
    for (String token : user) {
      tokens.add(token);
      types.add(4);
    }
    Map<String, Object> keys = new LinkedHashMap<>();
    keys.put("tokenizer.ggml.model", "gpt2");
    keys.put("tokenizer.ggml.pre", "qwen2");
    keys.put("tokenizer.ggml.tokens", tokens);
    keys.put("tokenizer.ggml.token_type", types);
    keys.put("tokenizer.ggml.merges", merges);
    return keys;
  }

  /**
   * {@code <unk> <s> </s>}, the 256 byte tokens (ids 3 to 258), and the pieces with their scores.
   */
  static Map<String, Object> spm(List<String> pieces, List<Float> pieceScores) {
    List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
    List<Integer> types = new ArrayList<>(List.of(2, 3, 3));
    List<Float> scores = new ArrayList<>(List.of(0f, 0f, 0f));
    for (int b = 0; b < 256; b++) {
      tokens.add("<0x%02X>".formatted(b));
      types.add(6);
      scores.add(0f);
    }
    for (int i = 0; i < pieces.size(); i++) {
      tokens.add(pieces.get(i));
      types.add(1);
      scores.add(pieceScores.get(i));
    }
    Map<String, Object> keys = new LinkedHashMap<>();
    keys.put("tokenizer.ggml.model", "llama");
    keys.put("tokenizer.ggml.tokens", tokens);
    keys.put("tokenizer.ggml.token_type", types);
    keys.put("tokenizer.ggml.scores", scores);
    return keys;
  }

  static Tokenizer tokenizer(Map<String, Object> keys) {
    return Tokenizer.of(Metadata.of("made-up", keys));
  }

  /** A string of anything that a string can hold, lone surrogates and unassigned characters too. */
  static String random(Random random, int length) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < length; i++) {
      switch (random.nextInt(10)) {
        case 0 -> out.append((char) random.nextInt(0x10000));
        case 1 -> out.appendCodePoint(random.nextInt(0x110000));
        case 2 -> out.append((char) (0xD800 + random.nextInt(0x800)));
        case 3 -> out.append((char) random.nextInt(0x250));
        case 4 -> out.append(" \n\t\r\u00a0\u3000\u0085".charAt(random.nextInt(7)));
        case 5 -> out.append((char) ('0' + random.nextInt(10)));
        case 6 -> out.append(" ");
        case 7 -> out.append("'s<|im_start|>'LL don't </s>日本語".charAt(random.nextInt(29)));
        default -> out.append((char) ('A' + random.nextInt(58)));
      }
    }
    return out.toString();
  }

  /** A string as its UTF-8 reads: lone surrogates are U+FFFD. */
  static String wellFormed(String text) {
    StringBuilder out = new StringBuilder();
    text.codePoints().forEach(c -> out.appendCodePoint(c >= 0xD800 && c < 0xE000 ? 0xFFFD : c));
    return out.toString();
  }
}
