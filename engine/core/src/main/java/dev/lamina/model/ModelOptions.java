package dev.lamina.model;

import dev.lamina.gguf.GgmlType;
import java.util.EnumSet;
import java.util.Set;

/**
 * What a user can change of a model: names, meaning and defaults are those of llama.cpp's options.
 *
 * @param typeK how keys are stored ({@code -ctk}): F32, F16, BF16, Q8_0 or Q4_0
 * @param typeV how values are stored ({@code -ctv}), likewise
 * @param rope changes to the rotary embedding
 */
public record ModelOptions(GgmlType typeK, GgmlType typeV, Rope rope) {
  /** The types in which keys and values can be stored. */
  public static final Set<GgmlType> KV_TYPES =
      Set.copyOf(
          EnumSet.of(GgmlType.F32, GgmlType.F16, GgmlType.BF16, GgmlType.Q8_0, GgmlType.Q4_0));

  /** Everything as the file says, keys and values in F16. */
  public static final ModelOptions DEFAULT =
      new ModelOptions(GgmlType.F16, GgmlType.F16, Rope.FROM_FILE);

  /**
   * Changes to the rotary embedding. Layers with a sliding window that have a base and scale of
   * their own (Gemma) keep them, as in llama.cpp.
   *
   * @param freqBase frequency base ({@code --rope-freq-base}); 0: the file's
   * @param freqScale factor on positions ({@code --rope-freq-scale}, or 1 / {@code --rope-scale});
   *     0: the file's
   * @param scaling the method ({@code --rope-scaling}); null: the file's
   * @param yarnOriginalContext context before YaRN ({@code --yarn-orig-ctx}); 0: the file's
   * @param yarnExtFactor YaRN's mix ({@code --yarn-ext-factor}); negative: by the method
   * @param yarnAttnFactor factor on the magnitude that YaRN prescribes ({@code
   *     --yarn-attn-factor}); negative: 1
   * @param yarnBetaFast upper correction bound ({@code --yarn-beta-fast}); negative: 32
   * @param yarnBetaSlow lower correction bound ({@code --yarn-beta-slow}); negative: 1
   */
  public record Rope(
      float freqBase,
      float freqScale,
      RopeScaling scaling,
      int yarnOriginalContext,
      float yarnExtFactor,
      float yarnAttnFactor,
      float yarnBetaFast,
      float yarnBetaSlow) {
    /** Nothing changed. */
    public static final Rope FROM_FILE = new Rope(0, 0, null, 0, -1, -1, -1, -1);

    public Rope {
      if (!(freqBase >= 0) || Float.isInfinite(freqBase)) {
        throw new ModelException("--rope-freq-base must be positive, or 0 for the file's value");
      }
      if (freqScale != 0 && !(freqScale >= 1e-6f && freqScale <= 1e3f)) {
        throw new ModelException(
            "--rope-freq-scale must lie between 0.000001 and 1000, or be 0 for the file's value");
      }
      if (yarnOriginalContext < 0) {
        throw new ModelException("--yarn-orig-ctx must be positive, or 0 for the file's value");
      }
      if (!Float.isFinite(yarnExtFactor + yarnAttnFactor + yarnBetaFast + yarnBetaSlow)) {
        throw new ModelException("the --yarn-... options must be finite numbers");
      }
    }
  }

  public ModelOptions {
    if (!KV_TYPES.contains(typeK) || !KV_TYPES.contains(typeV)) {
      throw new ModelException(
          "keys and values cannot be stored as "
              + (KV_TYPES.contains(typeK) ? typeV : typeK)
              + ": use f32, f16, bf16, q8_0 or q4_0 (-ctk, -ctv)");
    }
  }

  /** The same with other types of keys and values. */
  public ModelOptions withKv(GgmlType k, GgmlType v) {
    return new ModelOptions(k, v, rope);
  }

  /** The same with another rotary embedding. */
  public ModelOptions withRope(Rope other) {
    return new ModelOptions(typeK, typeV, other);
  }
}
