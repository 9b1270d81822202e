package dev.lamina.backend;

/**
 * A rotary position embedding (Su et al., "RoFormer"), with linear and YaRN scaling (Peng et al.,
 * "YaRN") as ggml's {@code ggml_rope_ext} has them. Pair {@code i} of the first {@code dims} values
 * of every head is turned by {@code position * base^(-2i/dims)}, scaled.
 *
 * @param headDim values of a head
 * @param dims how many of them are turned; the rest pass through
 * @param pairing which values make a pair
 * @param base the frequency base
 * @param freqScale factor on positions, 1 / the scaling factor
 * @param extFactor YaRN's mix: 0 none, 1 full
 * @param attnFactor factor on the magnitude
 * @param betaFast YaRN's upper correction bound
 * @param betaSlow YaRN's lower correction bound
 * @param originalContext the context that the model was trained with before YaRN
 * @param factors divisors of each pair's frequency ({@code rope_freqs.weight}), or null
 */
public record RopeSpec(
    int headDim,
    int dims,
    Pairing pairing,
    float base,
    float freqScale,
    float extFactor,
    float attnFactor,
    float betaFast,
    float betaSlow,
    int originalContext,
    TensorSpec factors) {
  /** Which values of a head make a pair. */
  public enum Pairing {
    /** {@code 2i} with {@code 2i + 1} (Llama's GGUF files). */
    ADJACENT,
    /** {@code i} with {@code i + dims / 2} (NeoX, Qwen, Gemma). */
    HALVES
  }

  public RopeSpec {
    if (dims <= 0 || dims % 2 != 0 || dims > headDim) {
      throw new IllegalArgumentException("rope turns " + dims + " of " + headDim + " values");
    }
    if (factors != null && (factors.cols() < dims / 2 || factors.rows() != 1)) {
      throw new IllegalArgumentException(
          factors.name() + " has " + factors.cols() + " factors for " + dims / 2 + " pairs");
    }
  }
}
