package dev.lamina.model;

import dev.lamina.backend.Op.Activation;
import dev.lamina.backend.RopeSpec.Pairing;
import dev.lamina.backend.Value;

/**
 * Gemma 2 and 3: norms before and after each block, layers with a sliding window among global ones,
 * and in Gemma 2 soft-caps, in Gemma 3 norms of single heads and another rotary base for the
 * windows. Defaults and the rules by size are llama.cpp's, which has them from gemma_pytorch's
 * {@code config.py}.
 */
enum Gemma implements Architecture {
  GEMMA2("gemma2", false, 46) {
    @Override
    void configureOwn(ConfigBuilder config) {
      ConfigReader reader = config.reader();
      config
          .windows(
              reader.integer(WINDOW, 1, Integer.MAX_VALUE, 4096),
              reader.windowed(PATTERN, config.nLayer(), 2))
          .ropeWindowed(
              reader.number(BASE_WINDOWED, 1e-3f, 1e12f, config.fileRopeBase()),
              config.fileRopeScale())
          .softCaps(
              reader.number("attn_logit_softcapping", 0, 1e6f, 50),
              reader.number("final_logit_softcapping", 0, 1e6f, 30));
    }
  },
  GEMMA3("gemma3", true, 62) {
    @Override
    void configureOwn(ConfigBuilder config) {
      ConfigReader reader = config.reader();
      int window = reader.integer(WINDOW, 0, Integer.MAX_VALUE, 0);
      if (window > 0) {
        config
            .windows(window, reader.windowed(PATTERN, config.nLayer(), 6))
            .ropeWindowed(reader.number(BASE_WINDOWED, 1e-3f, 1e12f, 10000), 1);
      }
      config.softCaps(0, reader.number("final_logit_softcapping", 0, 1e6f, 0));
    }
  };

  private static final String WINDOW = "attention.sliding_window";
  private static final String PATTERN = "attention.sliding_window_pattern";
  private static final String BASE_WINDOWED = "rope.freq_base_swa";

  private final String gguf;
  private final boolean headNorms;
  private final int layersOf27B;

  Gemma(String gguf, boolean headNorms, int layersOf27B) {
    this.gguf = gguf;
    this.headNorms = headNorms;
    this.layersOf27B = layersOf27B;
  }

  @Override
  public String gguf() {
    return gguf;
  }

  @Override
  public void configure(ConfigBuilder config) {
    // The 27 B models scale queries by the width of a head as if heads filled the hidden state.
    int scaled =
        config.nLayer() == layersOf27B
            ? Math.max(1, config.nEmbd() / config.nHead(0))
            : config.headDimK();
    config
        .pairing(Pairing.HALVES)
        .attentionScale(1 / Math.sqrt(scaled))
        .embeddingScale(Math.sqrt(config.nEmbd()));
    configureOwn(config);
  }

  abstract void configureOwn(ConfigBuilder config);

  @Override
  public Value layer(Blocks b, int layer, Value hidden) {
    Value attended = b.attention(layer, headNorms, b.norm(layer, "attn_norm", hidden));
    Value middle = b.residual(hidden, b.norm(layer, "post_attention_norm", attended));
    Value normed = b.norm(layer, "ffn_norm", middle);
    Value changed = b.feedForward(layer, Activation.GELU_TANH, normed);
    return b.residual(middle, b.norm(layer, "post_ffw_norm", changed));
  }
}
