package dev.lamina.model;

import dev.lamina.backend.RopeSpec.Pairing;
import dev.lamina.model.ModelConfig.Experts;
import dev.lamina.model.ModelConfig.Layer;
import dev.lamina.model.ModelConfig.Rope;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Makes a {@link ModelConfig}: reads what all architectures have in common, and lets an
 * architecture add what it has of its own. Keys and defaults are llama.cpp's ({@code
 * llama_model::load_hparams}).
 */
final class ConfigBuilder {
  /** More than any model has, and few enough to count. */
  private static final int MAX_LAYERS = 2048;

  private static final int MAX_WIDTH = 1 << 22;
  private static final int MAX_HEADS = 1 << 16;
  private static final int MAX_EXPERTS = 1 << 12;

  private final ConfigReader reader;
  private final String architecture;
  private final ModelOptions.Rope options;
  private final int nVocab;
  private final int nLayer;
  private final int nEmbd;
  private final int contextLength;
  private final int headDimK;
  private final int headDimV;
  private final int[] nHead;
  private final int[] nHeadKv;
  private final int[] nFf;
  private final int[] window;

  private Pairing pairing = Pairing.ADJACENT;
  private Experts experts = Experts.NONE;
  private float attentionScale;
  private float attentionSoftCap;
  private float finalSoftCap;
  private float embeddingScale = 1;
  private boolean ropeFactors;
  private Float baseWindowed;
  private Float freqScaleWindowed;

  ConfigBuilder(ConfigReader reader, String architecture, int nVocab, ModelOptions.Rope options) {
    this.reader = reader;
    this.architecture = architecture;
    this.nVocab = nVocab;
    this.options = options;
    nLayer = reader.positive("block_count", MAX_LAYERS);
    nEmbd = reader.positive("embedding_length", MAX_WIDTH);
    contextLength = reader.positive("context_length", 1 << 30);
    nHead = reader.perLayer("attention.head_count", nLayer, MAX_HEADS, null);
    if (nHead == null) {
      throw reader.bad("attention.head_count", "is missing");
    }
    nHeadKv = reader.perLayer("attention.head_count_kv", nLayer, MAX_HEADS, nHead);
    nFf = reader.perLayer("feed_forward_length", nLayer, MAX_WIDTH, new int[nLayer]);
    for (int i = 0; i < nLayer; i++) {
      if (nHead[i] % nHeadKv[i] != 0) {
        throw reader.bad(
            "attention.head_count_kv",
            "is " + nHeadKv[i] + ", by which " + nHead[i] + " heads cannot be divided");
      }
    }
    headDimK = headDim("attention.key_length");
    headDimV = headDim("attention.value_length");
    attentionScale = (float) (1 / Math.sqrt(headDimK));
    window = new int[nLayer];
  }

  private int headDim(String key) {
    if (!reader.has(key) && nEmbd % nHead[0] != 0) {
      throw reader.bad(
          "embedding_length",
          "is " + nEmbd + ", which " + nHead[0] + " heads cannot share, and " + key + " is absent");
    }
    return reader.integer(key, 1, 1 << 14, nEmbd / nHead[0]);
  }

  ConfigReader reader() {
    return reader;
  }

  int nLayer() {
    return nLayer;
  }

  int nEmbd() {
    return nEmbd;
  }

  int headDimK() {
    return headDimK;
  }

  int nHead(int layer) {
    return nHead[layer];
  }

  int nFf(int layer) {
    return nFf[layer];
  }

  ConfigBuilder pairing(Pairing value) {
    pairing = value;
    return this;
  }

  /** Gives the layers that {@code windowed} names a sliding window of {@code size} positions. */
  ConfigBuilder windows(int size, boolean[] windowed) {
    for (int i = 0; i < nLayer; i++) {
      window[i] = windowed[i] ? size : 0;
    }
    return this;
  }

  /** Divides the frequencies by the tensor {@code rope_freqs.weight} where the file has it. */
  ConfigBuilder ropeFactors() {
    ropeFactors = true;
    return this;
  }

  /** The base and scale of the rotary embedding in layers with a window. */
  ConfigBuilder ropeWindowed(float base, float freqScale) {
    baseWindowed = base;
    freqScaleWindowed = freqScale;
    return this;
  }

  ConfigBuilder attentionScale(double value) {
    attentionScale = (float) value;
    return this;
  }

  ConfigBuilder softCaps(float attention, float logits) {
    attentionSoftCap = attention;
    finalSoftCap = logits;
    return this;
  }

  ConfigBuilder embeddingScale(double value) {
    embeddingScale = (float) value;
    return this;
  }

  /** Whether the file names a number of experts. */
  boolean hasExperts() {
    return reader.integer("expert_count", 0, MAX_EXPERTS, 0) > 0;
  }

  /** The experts, which must be there; inner widths as in {@link Experts}. */
  ConfigBuilder experts(int nFfExpert, int nFfShared) {
    int count = reader.positive("expert_count", MAX_EXPERTS);
    int used = usedExperts();
    if ((long) used * Math.max(nEmbd, nFfExpert) > 1 << 30) {
      throw reader.bad(
          "expert_used_count", "is " + used + ", which makes rows too long to compute");
    }
    // A file that has no scale, or 0, means 1.
    float scale = reader.number("expert_weights_scale", 0, 1e6f, 0);
    experts = new Experts(count, used, nFfExpert, nFfShared, scale == 0 ? 1 : scale);
    return this;
  }

  /** An inner width of a feed-forward block; {@code otherwise} where the key is missing or 0. */
  int innerWidth(String key, int otherwise) {
    int width = reader.integer(key, 0, MAX_WIDTH, 0);
    if (width == 0 && otherwise == 0) {
      throw reader.bad(key, "is missing");
    }
    return width == 0 ? otherwise : width;
  }

  /** Experts that each token goes through. */
  int usedExperts() {
    return reader.positive("expert_used_count", reader.positive("expert_count", MAX_EXPERTS));
  }

  /** The frequency base that the file gives. */
  float fileRopeBase() {
    return reader.number("rope.freq_base", 1e-3f, 1e12f, 10000);
  }

  /** The factor on positions that the file gives. */
  float fileRopeScale() {
    // A factor of 0 stands for none; the second key is what old files have.
    float factor =
        reader.number(
            "rope.scaling.factor", 0, 1e6f, reader.number("rope.scale_linear", 0, 1e6f, 0));
    if (factor != 0 && factor < 1e-3f) {
      throw reader.bad("rope.scaling.factor", "is " + factor + ", which is too small");
    }
    return factor == 0 ? 1 : 1 / factor;
  }

  ModelConfig build() {
    List<Layer> layers = new ArrayList<>(nLayer);
    for (int i = 0; i < nLayer; i++) {
      if (nFf[i] == 0 && experts.nExpert() == 0) {
        throw reader.bad("feed_forward_length", "is missing");
      }
      layers.add(new Layer(nHead[i], nHeadKv[i], nFf[i], window[i]));
    }
    float eps = reader.number("attention.layer_norm_rms_epsilon", 0, 1);
    List<Integer> windows = IntStream.of(window).distinct().sorted().boxed().toList();
    return new ModelConfig(
        reader.source(),
        architecture,
        nVocab,
        nEmbd,
        contextLength,
        headDimK,
        headDimV,
        eps,
        layers,
        rope(),
        experts,
        attentionScale,
        attentionSoftCap,
        finalSoftCap,
        embeddingScale,
        windows);
  }

  private Rope rope() {
    int dims = reader.integer("rope.dimension_count", 1, headDimK, headDimK);
    if (dims % 2 != 0) {
      throw reader.bad("rope.dimension_count", "is " + dims + ", which is odd");
    }
    RopeScaling scaling = options.scaling() != null ? options.scaling() : fileScaling();
    float base = options.freqBase() > 0 ? options.freqBase() : fileRopeBase();
    float freqScale = options.freqScale() > 0 ? options.freqScale() : fileRopeScale();
    if (scaling == RopeScaling.NONE) {
      freqScale = 1;
    }
    float ext = options.yarnExtFactor();
    if (ext < 0) {
      ext = scaling == RopeScaling.YARN ? 1 : 0;
    }
    int original =
        options.yarnOriginalContext() > 0
            ? options.yarnOriginalContext()
            : reader.integer("rope.scaling.original_context_length", 1, 1 << 30, contextLength);
    return new Rope(
        dims,
        pairing,
        base,
        freqScale,
        baseWindowed == null ? base : baseWindowed,
        freqScaleWindowed == null ? freqScale : freqScaleWindowed,
        ext,
        attnFactor(freqScale, ext),
        options.yarnBetaFast() < 0 ? 32 : options.yarnBetaFast(),
        options.yarnBetaSlow() < 0 ? 1 : options.yarnBetaSlow(),
        original,
        ropeFactors);
  }

  private RopeScaling fileScaling() {
    String stored = reader.string("rope.scaling.type", "linear");
    return RopeScaling.byName(stored)
        .orElseThrow(
            () ->
                new ModelException(
                    reader.source()
                        + ": "
                        + architecture
                        + ".rope.scaling.type is '"
                        + stored
                        + "', which Lamina does not know; choose none, linear or yarn with"
                        + " --rope-scaling"));
  }

  /**
   * The factor on the magnitude. Under YaRN the rotary embedding itself multiplies by {@code 1 +
   * 0.1 ln(1 / freqScale)} (ggml's {@code rope_yarn}), which is also what the paper wants of a
   * longer context; for a shorter one, where the paper wants 1, it is divided out.
   */
  private float attnFactor(float freqScale, float ext) {
    float factor = reader.number("rope.scaling.attn_factor", 1e-6f, 1e6f, 1);
    if (options.yarnAttnFactor() >= 0) {
      factor *= options.yarnAttnFactor();
    }
    if (ext != 0 && freqScale > 1) {
      factor /= (float) (1 + 0.1 * Math.log(1 / freqScale));
    }
    return factor;
  }
}
