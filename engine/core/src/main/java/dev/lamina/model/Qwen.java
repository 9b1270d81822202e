package dev.lamina.model;

import dev.lamina.backend.Op.Activation;
import dev.lamina.backend.RopeSpec.Pairing;
import dev.lamina.backend.Value;

/**
 * The Qwen family: {@code qwen2} (Qwen 2 and 2.5, with biases on queries, keys and values), {@code
 * qwen3} (norms of single heads instead), and both with experts.
 */
enum Qwen implements Architecture {
  QWEN2("qwen2", false),
  QWEN3("qwen3", true),
  /** Expert weights are not normalised; a shared expert with a gate of its own is added. */
  QWEN2MOE("qwen2moe", false) {
    @Override
    public void configure(ConfigBuilder config) {
      super.configure(config);
      int shared = config.innerWidth("expert_shared_feed_forward_length", config.nFf(0));
      config.experts(expertWidth(config), shared);
    }

    @Override
    Value feedForward(Blocks b, int layer, Value in) {
      return b.residual(b.experts(layer, false, in), b.sharedExpert(layer, in));
    }
  },
  /** Expert weights are normalised; no shared expert. */
  QWEN3MOE("qwen3moe", true) {
    @Override
    public void configure(ConfigBuilder config) {
      super.configure(config);
      config.experts(expertWidth(config), 0);
    }

    @Override
    Value feedForward(Blocks b, int layer, Value in) {
      return b.experts(layer, true, in);
    }
  };

  private final String gguf;
  private final boolean headNorms;

  Qwen(String gguf, boolean headNorms) {
    this.gguf = gguf;
    this.headNorms = headNorms;
  }

  @Override
  public String gguf() {
    return gguf;
  }

  @Override
  public void configure(ConfigBuilder config) {
    config.pairing(Pairing.HALVES);
  }

  @Override
  public Value layer(Blocks b, int layer, Value hidden) {
    Value attended = b.attention(layer, headNorms, b.norm(layer, "attn_norm", hidden));
    Value middle = b.residual(hidden, attended);
    return b.residual(middle, feedForward(b, layer, b.norm(layer, "ffn_norm", middle)));
  }

  Value feedForward(Blocks b, int layer, Value in) {
    return b.feedForward(layer, Activation.SILU, in);
  }

  /** The inner width of an expert: files without the key share out the dense one. */
  private static int expertWidth(ConfigBuilder config) {
    return config.innerWidth("expert_feed_forward_length", config.nFf(0) / config.usedExperts());
  }
}
