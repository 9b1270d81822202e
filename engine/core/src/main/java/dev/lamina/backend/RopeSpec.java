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

  /**
   * The angle by which one position turns each pair, {@code dims / 2} values: the token at position
   * {@code p} is turned by {@code p} times this. Everything in {@code ggml_rope_ext} but the
   * magnitude is in here: base, scaling, YaRN's ramp between {@link #betaFast} and {@link
   * #betaSlow}, and the divisors.
   *
   * @param divisors the contents of {@link #factors}, or null where that is null
   */
  public double[] angles(float[] divisors) {
    double low = Math.max(0, Math.floor(correctionDim(betaFast)));
    double high = Math.min(dims - 1, Math.ceil(correctionDim(betaSlow)));
    double[] angles = new double[dims / 2];
    for (int i = 0; i < angles.length; i++) {
      double full = Math.pow(base, -2.0 * i / dims) / (divisors == null ? 1 : divisors[i]);
      double ramp = 1 - Math.clamp((i - low) / Math.max(0.001, high - low), 0.0, 1.0);
      double mix = ramp * extFactor;
      angles[i] = freqScale * full * (1 - mix) + full * mix;
    }
    return angles;
  }

  /** The factor on sine and cosine: {@link #attnFactor}, with YaRN's own growth where it is on. */
  public double magnitude() {
    return extFactor == 0 ? attnFactor : attnFactor * (1 + 0.1 * Math.log(1.0 / freqScale));
  }

  /** The pair that turns {@code turns} times within the original context. */
  private double correctionDim(double turns) {
    if (extFactor == 0) {
      return 0;
    }
    return dims * Math.log(originalContext / (turns * 2 * Math.PI)) / (2 * Math.log(base));
  }
}
