package dev.lamina.model;

import dev.lamina.backend.Graph;
import dev.lamina.backend.Output;
import dev.lamina.backend.Value;
import java.util.List;

/**
 * The graph of a decoder-only transformer. All tensors are looked up and checked when it is made,
 * so that no stage fails later.
 */
public final class DecoderGraph implements ModelGraph {
  private final Architecture architecture;
  private final ModelConfig config;
  private final ModelOptions options;
  private final TensorTable tensors;

  DecoderGraph(
      Architecture architecture, ModelConfig config, ModelOptions options, TensorTable tensors) {
    this.architecture = architecture;
    this.config = config;
    this.options = options;
    this.tensors = tensors;
    checkKvTypes();
    embedding();
    stage(0, config.nLayer(), true);
  }

  /** The hyper-parameters, with the options applied. */
  public ModelConfig config() {
    return config;
  }

  /** The options. */
  public ModelOptions options() {
    return options;
  }

  @Override
  public int layers() {
    return config.nLayer();
  }

  @Override
  public int width() {
    return config.nEmbd();
  }

  @Override
  public int vocabulary() {
    return config.nVocab();
  }

  @Override
  public List<AttentionGroup> groups() {
    return config.windows().stream().map(AttentionGroup::new).toList();
  }

  @Override
  public Graph embedding() {
    Blocks blocks = new Blocks(config, options, tensors, Blocks.NONE);
    return blocks.graph().build(Output.HIDDEN, blocks.embedding());
  }

  @Override
  public Graph stage(int first, int end, boolean output) {
    if (first < 0 || end > layers() || first > end || (first == end && !output)) {
      throw new IllegalArgumentException(
          "no stage from layer " + first + " to " + end + " of " + layers());
    }
    if (output && end != layers()) {
      throw new IllegalArgumentException("the output follows layer " + layers() + ", not " + end);
    }
    Blocks blocks = new Blocks(config, options, tensors, output ? end - 1 : Blocks.NONE);
    Value hidden = blocks.graph().input(width());
    for (int layer = first; layer < end; layer++) {
      hidden = architecture.layer(blocks, layer, hidden);
    }
    return output
        ? blocks.graph().build(blocks.output(hidden))
        : blocks.graph().build(Output.HIDDEN, hidden);
  }

  private void checkKvTypes() {
    if (config.headDimK() % options.typeK().blockSize() != 0
        || config.headDimV() % options.typeV().blockSize() != 0) {
      throw new ModelException(
          config.source()
              + ": heads of "
              + config.headDimK()
              + " and "
              + config.headDimV()
              + " values cannot be stored as "
              + options.typeK()
              + " keys and "
              + options.typeV()
              + " values, which take blocks of 32: use -ctk f16 -ctv f16");
    }
  }
}
