package dev.lamina.model;

import dev.lamina.backend.GraphBuilder;
import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Op.Activation;
import dev.lamina.backend.Output;
import dev.lamina.backend.RopeSpec;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Value;
import dev.lamina.model.ModelConfig.Experts;
import dev.lamina.model.ModelConfig.Layer;
import java.util.Map;

/**
 * The blocks that architectures share, each adding its ops to a graph. Tensor names are those of
 * {@code gguf-py/gguf/constants.py}; a bias is used wherever the file has one.
 */
final class Blocks {
  /** No layer's rows are selected. */
  static final int NONE = -1;

  private final ModelConfig config;
  private final ModelOptions options;
  private final TensorTable tensors;
  private final int selectIn;
  private final GraphBuilder graph = new GraphBuilder();

  /**
   * @param selectIn the layer in which the rows that want output are selected: in a prompt's last
   *     layer all rows are needed as keys and values, but only a few go further
   */
  Blocks(ModelConfig config, ModelOptions options, TensorTable tensors, int selectIn) {
    this.config = config;
    this.options = options;
    this.tensors = tensors;
    this.selectIn = selectIn;
  }

  GraphBuilder graph() {
    return graph;
  }

  ModelConfig config() {
    return config;
  }

  /** The embeddings of the tokens, scaled. */
  Value embedding() {
    Value rows = graph.embed(tensors.embedding("token_embd", config.nEmbd(), config.nVocab()));
    return config.embeddingScale() == 1 ? rows : graph.scale(config.embeddingScale(), rows);
  }

  /** A norm over the whole width of the hidden state. */
  Value norm(int layer, String name, Value in) {
    return graph.rmsNorm(tensors.vector(block(layer, name), config.nEmbd()), config.eps(), in);
  }

  /**
   * Self-attention with its output projection, without the norm before it. In the layer where rows
   * are selected the result has only these.
   *
   * @param headNorms whether queries and keys are normalised head by head
   */
  Value attention(int layer, boolean headNorms, Value in) {
    Layer l = config.layers().get(layer);
    int k = l.nHeadKv() * config.headDimK();
    int v = l.nHeadKv() * config.headDimV();
    Value query = linear(block(layer, "attn_q"), l.nHead() * config.headDimK(), in);
    Value key = linear(block(layer, "attn_k"), k, in);
    Value value = linear(block(layer, "attn_v"), v, in);
    if (headNorms) {
      query = headNorm(block(layer, "attn_q_norm"), query);
      key = headNorm(block(layer, "attn_k_norm"), key);
    }
    TensorSpec factors =
        config.rope().factors()
            ? tensors.optionalVector("rope_freqs", config.rope().dims() / 2)
            : null;
    RopeSpec rope = config.ropeSpec(layer, factors);
    query = graph.rope(rope, query);
    key = graph.rope(rope, key);
    KvSpec kv =
        new KvSpec(
            layer,
            config.group(layer),
            l.nHeadKv(),
            config.headDimK(),
            config.headDimV(),
            options.typeK(),
            options.typeV());
    graph.kvStore(kv, key, value);
    Value mixed =
        graph.attention(
            kv, l.nHead(), config.attentionScale(), l.window(), config.attentionSoftCap(), query);
    if (layer == selectIn) {
      mixed = graph.selectOutputs(mixed);
    }
    return linear(block(layer, "attn_output"), config.nEmbd(), mixed);
  }

  /** The dense feed-forward block {@code down(activation(gate(x)) * up(x))}. */
  Value feedForward(int layer, Activation activation, Value in) {
    return feedForward(layer, "", config.layers().get(layer).nFf(), activation, in);
  }

  /** The expert that all tokens go through, weighted by its own gate. */
  Value sharedExpert(int layer, Value in) {
    Value gate = linear(block(layer, "ffn_gate_inp_shexp"), 1, in);
    int nFf = config.experts().nFfShared();
    return graph.sigmoidGate(gate, feedForward(layer, "_shexp", nFf, Activation.SILU, in));
  }

  /**
   * The experts that the router picks for each token, summed with their weights.
   *
   * @param normalise whether the weights of the experts picked are made to sum to one
   */
  Value experts(int layer, boolean normalise, Value in) {
    Experts e = config.experts();
    int nEmbd = config.nEmbd();
    Value logits = linear(block(layer, "ffn_gate_inp"), e.nExpert(), in);
    Value routing = graph.route(e.nExpertUsed(), normalise, e.weightsScale(), logits);
    TensorSpec gate = expert(layer, "ffn_gate_exps", nEmbd, e.nFf());
    TensorSpec up = expert(layer, "ffn_up_exps", nEmbd, e.nFf());
    TensorSpec down = expert(layer, "ffn_down_exps", e.nFf(), nEmbd);
    Value inner =
        graph.gated(
            Activation.SILU,
            graph.expertMatMul(gate, routing, in),
            graph.expertMatMul(up, routing, in));
    return graph.expertSum(routing, graph.expertMatMul(down, routing, inner));
  }

  /** {@code hidden + change}, of the rows that {@code change} has. */
  Value residual(Value hidden, Value change) {
    return graph.add(hidden.rows() == change.rows() ? hidden : graph.selectOutputs(hidden), change);
  }

  /** The last norm, the output matrix (the embeddings where the file has no other), the cap. */
  Map<Output, Value> output(Value hidden) {
    Value rows = hidden.rows() == Value.Rows.OUTPUTS ? hidden : graph.selectOutputs(hidden);
    Value normed = graph.rmsNorm(tensors.vector("output_norm", config.nEmbd()), config.eps(), rows);
    String name = tensors.has("output.weight") ? "output" : "token_embd";
    TensorSpec weight = tensors.matrix(name, config.nEmbd(), config.nVocab());
    Value logits = graph.matMul(weight, tensors.optionalBias("output", config.nVocab()), normed);
    if (config.finalSoftCap() > 0) {
      logits = graph.softCap(config.finalSoftCap(), logits);
    }
    return Map.of(Output.LOGITS, logits, Output.GREEDY, graph.argmax(logits));
  }

  private Value feedForward(int layer, String suffix, int nFf, Activation activation, Value in) {
    Value gate = linear(block(layer, "ffn_gate" + suffix), nFf, in);
    Value up = linear(block(layer, "ffn_up" + suffix), nFf, in);
    Value inner = graph.gated(activation, gate, up);
    return linear(block(layer, "ffn_down" + suffix), config.nEmbd(), inner);
  }

  private Value linear(String name, int rows, Value in) {
    TensorSpec weight = tensors.matrix(name, in.width(), rows);
    return graph.matMul(weight, tensors.optionalBias(name, rows), in);
  }

  private Value headNorm(String name, Value in) {
    return graph.rmsNorm(tensors.vector(name, config.headDimK()), config.eps(), in);
  }

  private TensorSpec expert(int layer, String name, int cols, int rows) {
    return tensors.experts(block(layer, name), cols, rows, config.experts().nExpert());
  }

  private static String block(int layer, String name) {
    return "blk." + layer + "." + name;
  }
}
