package dev.lamina.tokenizer;

import dev.lamina.gguf.Metadata;
import java.math.BigInteger;
import java.util.BitSet;
import java.util.List;
import java.util.OptionalInt;

/**
 * The ids of the tokens that steer a model, and which of them end its answer: what the file says,
 * else what llama.cpp finds by well-known texts.
 */
final class SpecialTokens {
  private static final List<String> END_OF_TURN =
      List.of(
          "<|eot_id|>",
          "<|im_end|>",
          "<|end|>",
          "<end_of_turn>",
          "<|endoftext|>",
          "<|end_of_text|>",
          "<EOT>",
          "_<EOT>",
          "[EOT]",
          "<｜end▁of▁sentence｜>",
          "<end_of_utterance>");
  private static final List<String> FIM_PREFIX =
      List.of(
          "<|fim_prefix|>",
          "<fim-prefix>",
          "<fim_prefix>",
          "<｜fim▁begin｜>",
          "<PRE>",
          "▁<PRE>",
          "<|code_prefix|>",
          "<|prefix|>");
  private static final List<String> FIM_SUFFIX =
      List.of(
          "<|fim_suffix|>",
          "<fim-suffix>",
          "<fim_suffix>",
          "<｜fim▁hole｜>",
          "<SUF>",
          "▁<SUF>",
          "<|code_suffix|>",
          "<|suffix|>");
  private static final List<String> FIM_MIDDLE =
      List.of(
          "<|fim_middle|>",
          "<fim-middle>",
          "<fim_middle>",
          "<｜fim▁end｜>",
          "<MID>",
          "▁<MID>",
          "<|code_middle|>",
          "<|middle|>");
  private static final List<String> FIM_PAD =
      List.of("<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]");
  private static final List<String> FIM_REPOSITORY =
      List.of("<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>");
  private static final List<String> FIM_SEPARATOR = List.of("<|file_sep|>");
  private static final List<String> ENDS =
      List.of(
          "<|eot_id|>",
          "<|im_end|>",
          "<|end|>",
          "<|return|>",
          "<|call|>",
          "<|flush|>",
          "<|calls|>",
          "<end_of_turn>",
          "<|endoftext|>",
          "</s>",
          "<|eom_id|>",
          "<EOT>",
          "_<EOT>",
          "[EOT]",
          "[EOS]",
          "<|end_of_text|>",
          "<end_of_utterance>",
          "<eos>",
          "<turn|>",
          "<|tool_response>",
          "<｜end▁of▁sentence｜>",
          "[e~[");

  /** Parts of an answer's form that are shown as text (gpt-oss). */
  private static final List<String> SHOWN =
      List.of("<|channel|>", "<|message|>", "<|start|>", "<|constrain|>");

  private final Metadata metadata;
  private final Tokens tokens;
  private final List<String> warnings;

  final OptionalInt bos;
  final OptionalInt eos;
  final OptionalInt eot;
  final OptionalInt eom;
  final OptionalInt unknown;
  final OptionalInt separator;
  final OptionalInt padding;
  final OptionalInt fimPrefix;
  final OptionalInt fimSuffix;
  final OptionalInt fimMiddle;
  final BitSet ends = new BitSet();

  SpecialTokens(Metadata metadata, Tokens tokens, boolean spm, List<String> warnings) {
    this.metadata = metadata;
    this.tokens = tokens;
    this.warnings = warnings;
    bos = id("bos", true, spm ? 1 : -1);
    eos = id("eos", true, spm ? 2 : -1);
    unknown = id("unknown", false, spm ? 0 : -1);
    separator = id("seperator", false, -1);
    padding = id("padding", false, -1);
    eot = named(id("eot", false, -1), END_OF_TURN);
    eom = named(id("eom", false, -1), List.of("<|eom_id|>"));
    fimPrefix = named(either("fim_pre", "prefix"), FIM_PREFIX);
    fimSuffix = named(either("fim_suf", "suffix"), FIM_SUFFIX);
    fimMiddle = named(either("fim_mid", "middle"), FIM_MIDDLE);
    end(named(id("fim_pad", false, -1), FIM_PAD));
    end(named(id("fim_rep", false, -1), FIM_REPOSITORY));
    end(named(id("fim_sep", false, -1), FIM_SEPARATOR));
    for (String text : ENDS) {
      int id = tokens.find(text);
      if (id >= 0) {
        ends.set(id);
        control(id, text);
      }
    }
    for (String text : SHOWN) {
      int id = tokens.find(text);
      if (id >= 0) {
        tokens.setType(id, TokenType.USER_DEFINED, text);
      }
    }
    end(eos);
    end(eot);
    end(eom);
    exceptions();
  }

  /** Where answers have parts, {@code <|end|>} and {@code </s>} end only a part. */
  private void exceptions() {
    boolean calls = ends("<|call|>") || ends("<|calls|>");
    if (ends("<|end|>") && calls && (ends("<|return|>") || ends("<|flush|>"))) {
      int id = tokens.find("<|end|>");
      ends.clear(id);
      tokens.setType(id, TokenType.USER_DEFINED, "<|end|>");
    }
    if (ends("<|tool_response>") && ends("</s>")) {
      int id = tokens.find("</s>");
      ends.clear(id);
      tokens.setType(id, TokenType.NORMAL, "</s>");
    }
  }

  private boolean ends(String text) {
    int id = tokens.find(text);
    return id >= 0 && ends.get(id);
  }

  private void end(OptionalInt id) {
    id.ifPresent(ends::set);
  }

  private void control(int id, String text) {
    if (tokens.types[id] != TokenType.CONTROL) {
      tokens.makeControl(id, text);
    }
  }

  private OptionalInt either(String name, String older) {
    OptionalInt id = id(name, false, -1);
    OptionalInt old = id(older, false, -1);
    return old.isPresent() ? old : id;
  }

  /** The id of the first of these texts that is a token, where the file names none. */
  private OptionalInt named(OptionalInt id, List<String> texts) {
    if (id.isPresent()) {
      return id;
    }
    for (String text : texts) {
      int found = tokens.find(text);
      if (found >= 0) {
        control(found, text);
        return OptionalInt.of(found);
      }
    }
    return OptionalInt.empty();
  }

  /**
   * The value of {@code tokenizer.ggml.NAME_token_id}. Files in use name a padding token outside
   * the vocabulary, so only the tokens that the encoding needs must be right.
   */
  private OptionalInt id(String name, boolean needed, int otherwise) {
    String key = "tokenizer.ggml." + name + "_token_id";
    if (!metadata.has(key)) {
      return otherwise >= 0 && otherwise < tokens.size
          ? OptionalInt.of(otherwise)
          : OptionalInt.empty();
    }
    Object raw = metadata.raw(key).orElseThrow();
    long value =
        switch (raw) {
          case Long v -> v;
          case BigInteger _ -> Long.MAX_VALUE;
          default -> metadata.integer(key);
        };
    if (value == -1 || value == 0xFFFFFFFFL) {
      return OptionalInt.empty();
    }
    if (value >= 0 && value < tokens.size) {
      return OptionalInt.of((int) value);
    }
    String problem =
        "%s: %s is %s, but the vocabulary has %d tokens"
            .formatted(metadata.source(), key, raw, tokens.size);
    if (needed) {
      throw new TokenizerException(problem);
    }
    warnings.add(problem + ": ignored");
    return OptionalInt.empty();
  }
}
