package dev.lamina.features;

import dev.lamina.backend.GraphBuilder;
import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Op;
import dev.lamina.backend.Output;
import dev.lamina.backend.RopeSpec;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Value;
import dev.lamina.gguf.GgmlType;
import java.util.ArrayList;
import java.util.List;

/**
 * The ops that stand for a feature: those of a layer of an 8 B llama, which placement asks about
 * too when such a model is loaded.
 */
final class Probes {
  private static final int WIDTH = 4096;
  private static final int FFN = 14336;
  private static final int HEADS = 32;
  private static final int HEADS_KV = 8;
  private static final int VOCABULARY = 128256;
  private static final int EXPERTS = 8;
  private static final int EXPERTS_USED = 2;
  private static final float EPS = 1e-5f;

  private Probes() {}

  /** A dense layer with all matrices of one type, keys and values in F16. */
  static List<Op> layer(GgmlType type) {
    GraphBuilder graph = new GraphBuilder();
    Value hidden = graph.input(WIDTH);
    Value mixed = attention(graph, type, GgmlType.F16, 128, 0, 0, norm(graph, "attn", hidden));
    hidden = graph.add(hidden, mixed);
    Value in = norm(graph, "ffn", hidden);
    Value gate = graph.matMul(matrix("ffn_gate", type, WIDTH, FFN), in);
    Value up = graph.matMul(matrix("ffn_up", type, WIDTH, FFN), in);
    Value inner = graph.gated(Op.Activation.SILU, gate, up);
    Value out = graph.add(hidden, graph.matMul(matrix("ffn_down", type, FFN, WIDTH), inner));
    return graph.build(Output.HIDDEN, out).ops();
  }

  /** The embedding lookup in a table of one type. */
  static List<Op> embedding(GgmlType type) {
    GraphBuilder graph = new GraphBuilder();
    Value rows = graph.embed(TensorSpec.embedding("token_embd.weight", type, WIDTH, VOCABULARY));
    return graph.build(Output.HIDDEN, rows).ops();
  }

  /** Storing keys and values as one type, and reading them. */
  static List<Op> kv(GgmlType type) {
    return kvOps(type, 128, 0, 0);
  }

  /** Attention with and without a window and a soft-cap, with heads of several sizes. */
  static List<Op> flashAttention() {
    List<Op> ops = new ArrayList<>();
    for (int headDim : new int[] {64, 128, 256}) {
      ops.addAll(kvOps(GgmlType.F16, headDim, 0, 0));
    }
    ops.addAll(kvOps(GgmlType.F16, 128, 1024, 0));
    ops.addAll(kvOps(GgmlType.F16, 128, 0, 50));
    return ops;
  }

  /** The experts' part of a layer, with expert matrices of one type. */
  static List<Op> experts(GgmlType type) {
    GraphBuilder graph = new GraphBuilder();
    Value in = graph.input(WIDTH);
    Value logits = graph.matMul(matrix("ffn_gate_inp", GgmlType.F32, WIDTH, EXPERTS), in);
    Value routing = graph.route(EXPERTS_USED, true, 1, logits);
    Value gate = graph.expertMatMul(experts("ffn_gate_exps", type, WIDTH, FFN), routing, in);
    Value up = graph.expertMatMul(experts("ffn_up_exps", type, WIDTH, FFN), routing, in);
    Value inner = graph.gated(Op.Activation.SILU, gate, up);
    Value down = graph.expertMatMul(experts("ffn_down_exps", type, FFN, WIDTH), routing, inner);
    Value sum = graph.expertSum(routing, down);
    Value shared = graph.matMul(matrix("ffn_gate_inp_shexp", GgmlType.F32, WIDTH, 1), in);
    return graph.build(Output.HIDDEN, graph.sigmoidGate(shared, sum)).ops();
  }

  private static List<Op> kvOps(GgmlType type, int headDim, int window, float softCap) {
    GraphBuilder graph = new GraphBuilder();
    attention(graph, GgmlType.F16, type, headDim, window, softCap, graph.input(WIDTH));
    return graph.build(java.util.Map.of()).ops().stream()
        .filter(op -> op instanceof Op.KvStore || op instanceof Op.Attention)
        .toList();
  }

  private static Value attention(
      GraphBuilder graph,
      GgmlType type,
      GgmlType kvType,
      int headDim,
      int window,
      float softCap,
      Value in) {
    int kvWidth = HEADS_KV * headDim;
    RopeSpec rope =
        new RopeSpec(
            headDim, headDim, RopeSpec.Pairing.ADJACENT, 500000, 1, 0, 1, 32, 1, 8192, null);
    Value q = graph.matMul(matrix("attn_q", type, WIDTH, HEADS * headDim), in);
    Value k = graph.matMul(matrix("attn_k", type, WIDTH, kvWidth), in);
    Value v = graph.matMul(matrix("attn_v", type, WIDTH, kvWidth), in);
    KvSpec kv = new KvSpec(0, 0, HEADS_KV, headDim, headDim, kvType, kvType);
    graph.kvStore(kv, graph.rope(rope, k), v);
    float scale = (float) (1 / Math.sqrt(headDim));
    Value mixed = graph.attention(kv, HEADS, scale, window, softCap, graph.rope(rope, q));
    return graph.matMul(matrix("attn_output", type, HEADS * headDim, WIDTH), mixed);
  }

  private static Value norm(GraphBuilder graph, String name, Value in) {
    TensorSpec gamma = TensorSpec.vector("blk.0." + name + "_norm.weight", GgmlType.F32, WIDTH);
    return graph.rmsNorm(gamma, EPS, in);
  }

  private static TensorSpec matrix(String name, GgmlType type, int cols, int rows) {
    return TensorSpec.matrix("blk.0." + name + ".weight", type, cols, rows);
  }

  private static TensorSpec experts(String name, GgmlType type, int cols, int rows) {
    return TensorSpec.experts("blk.0." + name + ".weight", type, cols, rows, EXPERTS);
  }
}
