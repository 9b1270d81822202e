package dev.lamina.tokenizer;

import dev.lamina.gguf.ByteStrings;
import dev.lamina.gguf.Metadata;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Reads the tokenizer of a file from its metadata. */
final class TokenizerReader {
  private static final String PREFIX = "tokenizer.ggml.";
  private static final String HEX = "0123456789ABCDEF";

  private final Metadata metadata;
  private final String source;
  private final List<String> warnings = new ArrayList<>();

  TokenizerReader(Metadata metadata) {
    this.metadata = metadata;
    this.source = metadata.source();
  }

  Tokenizer read() {
    if (!metadata.has(PREFIX + "model")) {
      throw new TokenizerException(source + ": there is no vocabulary (tokenizer.ggml.model)");
    }
    String model = metadata.string(PREFIX + "model");
    return switch (model) {
      case "gpt2" -> bpe();
      case "llama" -> spm();
      case "none", "no_vocab" ->
          throw new TokenizerException(
              source
                  + ": the file says that it holds no vocabulary (tokenizer.ggml.model = "
                  + model
                  + ")");
      default ->
          throw new TokenizerException(
              "%s: tokenizer.ggml.model %s is not known; known are gpt2 (byte-pair encoding) and llama (SentencePiece)"
                  .formatted(source, Tokens.quote(model)));
    };
  }

  private Tokenizer bpe() {
    PreTokenizer pre = preTokenizer();
    Tokens tokens = tokens(true);
    ByteStrings merges = metadata.byteStrings(PREFIX + "merges");
    if (merges.size() == 0) {
      throw new TokenizerException(
          source + ": tokenizer.ggml.merges is missing or empty; byte-pair encoding needs it");
    }
    MergeTable table = new MergeReader(source, tokens.vocabulary, merges, warnings).read();
    SpecialTokens special = new SpecialTokens(metadata, tokens, false, warnings);
    return finish(
        "gpt2",
        pre.addsBos(),
        tokens,
        special,
        new BpeEncoder(tokens.vocabulary, tokens.size, table, pre),
        false);
  }

  private PreTokenizer preTokenizer() {
    String name = metadata.string(PREFIX + "pre", "");
    if (name.isEmpty()) {
      warnings.add(
          source
              + ": tokenizer.ggml.pre is missing; the text is cut by the default rules, which may"
              + " not be the model's");
      return PreTokenizer.DEFAULT;
    }
    return PreTokenizer.named(name)
        .orElseThrow(
            () ->
                new TokenizerException(
                    "%s: the pre-tokenizer %s (tokenizer.ggml.pre) is not known; known are %s"
                        .formatted(
                            source, Tokens.quote(name), String.join(", ", PreTokenizer.known()))));
  }

  private Tokens tokens(boolean bpe) {
    ByteStrings texts = metadata.byteStrings(PREFIX + "tokens");
    if (texts.size() == 0) {
      throw new TokenizerException(source + ": tokenizer.ggml.tokens is missing or empty");
    }
    TokenType[] types = new TokenType[texts.size()];
    Arrays.fill(types, TokenType.NORMAL);
    if (metadata.has(PREFIX + "token_type")) {
      int[] numbers = metadata.integers(PREFIX + "token_type");
      checkLength("token_type", numbers.length, types.length);
      for (int id = 0; id < types.length; id++) {
        types[id] = TokenType.of(numbers[id]);
      }
    }
    return new Tokens(source, texts, types, bpe);
  }

  private void checkLength(String key, int length, int tokens) {
    if (length < tokens) {
      throw new TokenizerException(
          "%s: tokenizer.ggml.%s has %d values for %d tokens"
              .formatted(source, key, length, tokens));
    }
  }

  private Tokenizer spm() {
    Tokens tokens = tokens(false);
    float[] scores = new float[tokens.size];
    if (metadata.has(PREFIX + "scores")) {
      scores = metadata.floats(PREFIX + "scores");
      checkLength("scores", scores.length, tokens.size);
    }
    SpecialTokens special = new SpecialTokens(metadata, tokens, true, warnings);
    boolean prefix = metadata.bool(PREFIX + "add_space_prefix", true);
    SpmEncoder encoder =
        new SpmEncoder(tokens.vocabulary, scores, byteTokens(tokens, special), prefix);
    return finish("llama", true, tokens, special, encoder, prefix);
  }

  /** The tokens of single bytes; where one is missing, the character or the unknown token. */
  private int[] byteTokens(Tokens tokens, SpecialTokens special) {
    int[] ids = new int[256];
    int missing = 0;
    for (int b = 0; b < 256; b++) {
      int id = tokens.find("<0x" + HEX.charAt(b >> 4) + HEX.charAt(b & 15) + ">");
      if (id < 0 && b < 0x80) {
        id = tokens.find(String.valueOf((char) b));
      }
      if (id < 0) {
        missing++;
        id = special.unknown.orElse(-1);
      }
      ids[b] = id;
    }
    if (missing > 0) {
      warnings.add(
          "%s: %d bytes have no token; they become %s"
              .formatted(
                  source,
                  missing,
                  special.unknown.isPresent() ? "token " + special.unknown.getAsInt() : "nothing"));
    }
    return ids;
  }

  private Tokenizer finish(
      String model,
      boolean addsBos,
      Tokens tokens,
      SpecialTokens special,
      Encoder encoder,
      boolean prefix) {
    boolean addBos = add("bos", addsBos, special.bos.isPresent());
    boolean addEos = add("eos", false, special.eos.isPresent());
    return new Tokenizer(
        new Tokenizer.Parts(
            source,
            model,
            metadata.string(PREFIX + "pre", ""),
            tokens,
            special,
            encoder,
            matcher(tokens, true),
            matcher(tokens, false),
            addBos,
            addEos,
            prefix,
            List.copyOf(warnings)));
  }

  /**
   * Whether BOS or EOS is added: what the file says, else the default where there is such a token.
   */
  private boolean add(String name, boolean otherwise, boolean present) {
    String key = PREFIX + "add_" + name + "_token";
    boolean add = metadata.bool(key, otherwise);
    if (!add || present) {
      return add;
    }
    if (metadata.has(key)) {
      throw new TokenizerException(
          "%s: %s is true, but %s%s_token_id is not set".formatted(source, key, PREFIX, name));
    }
    warnings.add(
        "%s: no %s token to begin a text with".formatted(source, name.toUpperCase(Locale.ROOT)));
    return false;
  }

  private SpecialMatcher matcher(Tokens tokens, boolean all) {
    boolean phi3 = isPhi3();
    List<SpecialMatcher.Special> specials = new ArrayList<>();
    for (int id = 0; id < tokens.size; id++) {
      TokenType type = tokens.types[id];
      if (all ? type.partitions() : type == TokenType.USER_DEFINED) {
        String text = tokens.literal(id);
        boolean strips =
            phi3 && !text.equals("<unk>") && !text.equals("<s>") && !text.equals("<|endoftext|>");
        specials.add(new SpecialMatcher.Special(id, text, strips));
      }
    }
    return new SpecialMatcher(specials);
  }

  /** Phi-3's special tokens swallow the blanks behind them, and only the name tells the model. */
  private boolean isPhi3() {
    String name = metadata.string("general.name", "").toLowerCase(Locale.ROOT);
    return name.contains("phi-3") || name.contains("phi3");
  }
}
