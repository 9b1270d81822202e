package dev.lamina.model;

import dev.lamina.backend.Op.Activation;
import dev.lamina.backend.RopeSpec.Pairing;
import dev.lamina.backend.Value;

/**
 * Llama 2, 3 and 3.1, Mistral, and Mixtral where the file has experts ({@code llama} in llama.cpp).
 * A sliding window that a Mistral file may name is not applied, as in llama.cpp.
 */
final class Llama implements Architecture {
  @Override
  public String gguf() {
    return "llama";
  }

  @Override
  public void configure(ConfigBuilder config) {
    config.pairing(Pairing.ADJACENT).ropeFactors();
    if (config.hasExperts()) {
      config.experts(config.innerWidth("feed_forward_length", 0), 0);
    }
  }

  @Override
  public Value layer(Blocks b, int layer, Value hidden) {
    Value attended = b.attention(layer, false, b.norm(layer, "attn_norm", hidden));
    Value middle = b.residual(hidden, attended);
    Value normed = b.norm(layer, "ffn_norm", middle);
    boolean mixture = b.config().experts().nExpert() > 0;
    return b.residual(
        middle,
        mixture ? b.experts(layer, true, normed) : b.feedForward(layer, Activation.SILU, normed));
  }
}
