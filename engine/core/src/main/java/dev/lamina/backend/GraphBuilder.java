package dev.lamina.backend;

import dev.lamina.backend.Value.Rows;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Builds a {@link Graph} op by op: gives out fresh values of the right widths and checks shapes at
 * once, so that a mistake is told where it is made ({@link IllegalArgumentException}).
 */
public final class GraphBuilder {
  private final List<Op> ops = new ArrayList<>();
  private Value input;
  private int nextId;

  /** The hidden state that comes into the graph; to be called first, or not at all. */
  public Value input(int width) {
    if (nextId > 0) {
      throw new IllegalStateException("the input is the first value of a graph");
    }
    input = fresh(width, Rows.TOKENS);
    return input;
  }

  /** {@link Op.Embed}. */
  public Value embed(TensorSpec table) {
    return add(new Op.Embed(table, fresh(table.cols(), Rows.TOKENS)));
  }

  /** {@link Op.MatMul} without a bias. */
  public Value matMul(TensorSpec weight, Value in) {
    return matMul(weight, null, in);
  }

  /** {@link Op.MatMul}; {@code bias} may be null. */
  public Value matMul(TensorSpec weight, TensorSpec bias, Value in) {
    return add(new Op.MatMul(weight, bias, in, fresh(weight.rows(), in.rows())));
  }

  /** {@link Op.RmsNorm}. */
  public Value rmsNorm(TensorSpec gamma, float eps, Value in) {
    return add(new Op.RmsNorm(gamma, eps, in, like(in)));
  }

  /** {@link Op.Rope}. */
  public Value rope(RopeSpec rope, Value in) {
    return add(new Op.Rope(rope, in, like(in)));
  }

  /** {@link Op.KvStore}. */
  public void kvStore(KvSpec kv, Value k, Value v) {
    add(new Op.KvStore(kv, k, v));
  }

  /** {@link Op.Attention}; {@code window} and {@code softCap} 0 for none. */
  public Value attention(KvSpec kv, int nHead, float scale, int window, float softCap, Value q) {
    Value out = fresh(nHead * kv.headDimV(), q.rows());
    return add(new Op.Attention(kv, nHead, scale, window, softCap, q, out));
  }

  /** {@link Op.Gated}. */
  public Value gated(Op.Activation activation, Value gate, Value up) {
    return add(new Op.Gated(activation, gate, up, like(gate)));
  }

  /** {@link Op.Add}. */
  public Value add(Value a, Value b) {
    return add(new Op.Add(a, b, like(a)));
  }

  /** {@link Op.Scale}. */
  public Value scale(float factor, Value in) {
    return add(new Op.Scale(factor, in, like(in)));
  }

  /** {@link Op.SoftCap}. */
  public Value softCap(float cap, Value in) {
    return add(new Op.SoftCap(cap, in, like(in)));
  }

  /** {@link Op.SigmoidGate}. */
  public Value sigmoidGate(Value gate, Value in) {
    return add(new Op.SigmoidGate(gate, in, like(in)));
  }

  /** {@link Op.SelectOutputs}. */
  public Value selectOutputs(Value in) {
    return add(new Op.SelectOutputs(in, fresh(in.width(), Rows.OUTPUTS)));
  }

  /** {@link Op.Route}. */
  public Value route(int used, boolean normalise, float scale, Value logits) {
    return add(new Op.Route(used, normalise, scale, logits, fresh(2 * used, logits.rows())));
  }

  /** {@link Op.ExpertMatMul}, with as many experts as {@code routing} names. */
  public Value expertMatMul(TensorSpec weight, Value routing, Value in) {
    int used = routing.width() / 2;
    Value out = fresh(used * weight.rows(), in.rows());
    return add(new Op.ExpertMatMul(weight, used, routing, in, out));
  }

  /** {@link Op.ExpertSum}, with as many experts as {@code routing} names. */
  public Value expertSum(Value routing, Value in) {
    int used = routing.width() / 2;
    return add(new Op.ExpertSum(used, routing, in, fresh(in.width() / used, in.rows())));
  }

  /** {@link Op.Argmax}. */
  public Value argmax(Value in) {
    return add(new Op.Argmax(in, fresh(1, in.rows())));
  }

  /** The graph of all that was added. */
  public Graph build(Map<Output, Value> outputs) {
    return new Graph(input, ops, outputs);
  }

  /** The graph of all that was added, with one output. */
  public Graph build(Output output, Value value) {
    return build(Map.of(output, value));
  }

  private Value fresh(int width, Rows rows) {
    return new Value(nextId++, width, rows);
  }

  private Value like(Value in) {
    return fresh(in.width(), in.rows());
  }

  private Value add(Op op) {
    GraphCheck.op(op);
    ops.add(op);
    return op.output();
  }
}
