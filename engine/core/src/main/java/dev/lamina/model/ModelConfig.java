package dev.lamina.model;

import dev.lamina.backend.RopeSpec;
import dev.lamina.backend.TensorSpec;
import java.util.List;

/**
 * The hyper-parameters of a decoder-only transformer, read from a file's metadata, checked, and
 * with the user's options applied. Names are the field's own.
 *
 * @param source the file's name, for messages
 * @param architecture {@code general.architecture}
 * @param nVocab rows of the embedding tensor
 * @param nEmbd width of the hidden state
 * @param contextLength positions that the model was trained for
 * @param headDimK values of a query or key head
 * @param headDimV values of a value head
 * @param eps added to the mean square in the norms
 * @param layers what differs from layer to layer
 * @param rope the rotary embedding
 * @param experts the experts; {@link Experts#NONE} for a dense model
 * @param attentionScale factor on query-key products
 * @param attentionSoftCap cap on scores, 0 for none
 * @param finalSoftCap cap on logits, 0 for none
 * @param embeddingScale factor on embeddings
 * @param windows the windows of the groups of layers, by group; 0: all positions
 */
public record ModelConfig(
    String source,
    String architecture,
    int nVocab,
    int nEmbd,
    int contextLength,
    int headDimK,
    int headDimV,
    float eps,
    List<Layer> layers,
    Rope rope,
    Experts experts,
    float attentionScale,
    float attentionSoftCap,
    float finalSoftCap,
    float embeddingScale,
    List<Integer> windows) {

  public ModelConfig {
    layers = List.copyOf(layers);
    windows = List.copyOf(windows);
  }

  /**
   * One layer.
   *
   * @param nHead query heads
   * @param nHeadKv key-value heads
   * @param nFf inner width of the feed-forward block
   * @param window positions that a token sees, itself included; 0: all
   */
  public record Layer(int nHead, int nHeadKv, int nFf, int window) {}

  /**
   * The experts of a mixture.
   *
   * @param nExpert experts in a layer; 0: the feed-forward block is dense
   * @param nExpertUsed experts that each token goes through
   * @param nFf inner width of an expert
   * @param nFfShared inner width of the expert that all tokens go through; 0: there is none
   * @param weightsScale factor on the experts' weights
   */
  public record Experts(int nExpert, int nExpertUsed, int nFf, int nFfShared, float weightsScale) {
    /** No experts. */
    public static final Experts NONE = new Experts(0, 0, 0, 0, 1);
  }

  /**
   * The rotary embedding of all layers; the base and scale of layers with a window may differ.
   * Fields as in {@link RopeSpec}.
   *
   * @param factors whether the file may have a tensor {@code rope_freqs.weight}
   */
  public record Rope(
      int dims,
      RopeSpec.Pairing pairing,
      float base,
      float freqScale,
      float baseWindowed,
      float freqScaleWindowed,
      float extFactor,
      float attnFactor,
      float betaFast,
      float betaSlow,
      int originalContext,
      boolean factors) {}

  /** The number of layers. */
  public int nLayer() {
    return layers.size();
  }

  /** The group of layers that {@code layer} belongs to. */
  public int group(int layer) {
    return windows.indexOf(layers.get(layer).window());
  }

  /** The rotary embedding of {@code layer}; {@code factors} may be null. */
  public RopeSpec ropeSpec(int layer, TensorSpec factors) {
    boolean windowed = layers.get(layer).window() > 0;
    return new RopeSpec(
        headDimK,
        rope.dims,
        rope.pairing,
        windowed ? rope.baseWindowed : rope.base,
        windowed ? rope.freqScaleWindowed : rope.freqScale,
        rope.extFactor,
        rope.attnFactor,
        rope.betaFast,
        rope.betaSlow,
        rope.originalContext,
        factors);
  }
}
