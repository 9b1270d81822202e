package dev.lamina.backend;

import java.util.ArrayList;
import java.util.List;

/**
 * One operation of a graph, with its types and shapes. Backends switch over it exhaustively without
 * {@code default}, so that a new op breaks the compilation and not a user. All activations are
 * float32; sums are float32 or better.
 */
public sealed interface Op {
  /** Looks up the rows of {@link Step#tokenIds()}: {@code out[t] = table[id[t]]}. */
  record Embed(TensorSpec table, Value out) implements Op {}

  /** {@code out[t][r] = sum_c weight[r][c] * in[t][c] + bias[r]}; {@code bias} may be null. */
  record MatMul(TensorSpec weight, TensorSpec bias, Value in, Value out) implements Op {}

  /**
   * Root-mean-square norm: {@code out = in / sqrt(mean(in^2) + eps) * gamma}. Where {@code in} is a
   * multiple of {@code gamma} wide, each group of {@code gamma.cols()} values is normalised by
   * itself (the norms of single heads).
   */
  record RmsNorm(TensorSpec gamma, float eps, Value in, Value out) implements Op {}

  /** Turns every head of {@code in} by its token's position. */
  record Rope(RopeSpec rope, Value in, Value out) implements Op {}

  /**
   * Stores {@code k} ({@code nHeadKv * headDimK} wide) and {@code v} at their tokens' positions in
   * the pages.
   */
  record KvStore(KvSpec kv, Value k, Value v) implements Op {}

  /**
   * Causal attention over the pages: for each token, softmax over the positions {@code p} of its
   * own sequence with {@code p <= position} and, where {@code window > 0}, {@code p > position -
   * window}. Scores are {@code scale * q.k}, then {@code softCap * tanh(s / softCap)} where {@code
   * softCap > 0}. Query head {@code h} reads key-value head {@code h / (nHead / nHeadKv)}.
   *
   * @param q {@code nHead * headDimK} wide
   * @param out {@code nHead * headDimV} wide
   */
  record Attention(KvSpec kv, int nHead, float scale, int window, float softCap, Value q, Value out)
      implements Op {}

  /** {@code out = activation(gate) * up}. */
  record Gated(Activation activation, Value gate, Value up, Value out) implements Op {}

  /** {@code out = a + b}. */
  record Add(Value a, Value b, Value out) implements Op {}

  /** {@code out = factor * in}. */
  record Scale(float factor, Value in, Value out) implements Op {}

  /** {@code out = cap * tanh(in / cap)}. */
  record SoftCap(float cap, Value in, Value out) implements Op {}

  /** Multiplies every row by {@code sigmoid(gate)}; {@code gate} is 1 wide. */
  record SigmoidGate(Value gate, Value in, Value out) implements Op {}

  /** Keeps the rows that want output ({@link Step#outputRows()}), in that order. */
  record SelectOutputs(Value in, Value out) implements Op {}

  /**
   * Picks {@code used} experts for each token by softmax over {@code logits} (all experts), the
   * greatest first, ties to the lower number. {@code out} is {@code 2 * used} wide: the experts'
   * numbers (as float32 values), then their weights: the softmax probabilities, divided by their
   * sum where {@code normalise}, times {@code scale}.
   */
  record Route(int used, boolean normalise, float scale, Value logits, Value out) implements Op {}

  /**
   * A matrix product with the experts that {@code routing} names: slot {@code s} of {@code out[t]}
   * ({@code weight.rows()} wide, {@code used} slots) is expert {@code routing[t][s]} times {@code
   * in[t]} where {@code in} is {@code weight.cols()} wide, or times slot {@code s} of {@code in[t]}
   * where it is {@code used * weight.cols()} wide.
   */
  record ExpertMatMul(TensorSpec weight, int used, Value routing, Value in, Value out)
      implements Op {}

  /** Sums the slots of {@code in} ({@code used * width}) with the weights of {@code routing}. */
  record ExpertSum(int used, Value routing, Value in, Value out) implements Op {}

  /**
   * The number of the greatest logit of each row, the lowest where several are equal, as int32;
   * {@code out} is 1 wide.
   */
  record Argmax(Value in, Value out) implements Op {}

  /** Activation functions of gated feed-forward blocks. */
  enum Activation {
    /** {@code x * sigmoid(x)}. */
    SILU,
    /** {@code 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))}. */
    GELU_TANH
  }

  /** The values that this op reads. */
  default List<Value> inputs() {
    return switch (this) {
      case Embed op -> List.of();
      case MatMul op -> List.of(op.in);
      case RmsNorm op -> List.of(op.in);
      case Rope op -> List.of(op.in);
      case KvStore op -> List.of(op.k, op.v);
      case Attention op -> List.of(op.q);
      case Gated op -> List.of(op.gate, op.up);
      case Add op -> List.of(op.a, op.b);
      case Scale op -> List.of(op.in);
      case SoftCap op -> List.of(op.in);
      case SigmoidGate op -> List.of(op.gate, op.in);
      case SelectOutputs op -> List.of(op.in);
      case Route op -> List.of(op.logits);
      case ExpertMatMul op -> List.of(op.routing, op.in);
      case ExpertSum op -> List.of(op.routing, op.in);
      case Argmax op -> List.of(op.in);
    };
  }

  /** The value that this op writes, or null where it only stores. */
  default Value output() {
    return switch (this) {
      case Embed op -> op.out;
      case MatMul op -> op.out;
      case RmsNorm op -> op.out;
      case Rope op -> op.out;
      case KvStore op -> null;
      case Attention op -> op.out;
      case Gated op -> op.out;
      case Add op -> op.out;
      case Scale op -> op.out;
      case SoftCap op -> op.out;
      case SigmoidGate op -> op.out;
      case SelectOutputs op -> op.out;
      case Route op -> op.out;
      case ExpertMatMul op -> op.out;
      case ExpertSum op -> op.out;
      case Argmax op -> op.out;
    };
  }

  /** The weights that this op needs. */
  default List<TensorSpec> weights() {
    List<TensorSpec> found = new ArrayList<>(2);
    switch (this) {
      case Embed op -> found.add(op.table);
      case MatMul op -> {
        found.add(op.weight);
        if (op.bias != null) {
          found.add(op.bias);
        }
      }
      case RmsNorm op -> found.add(op.gamma);
      case Rope op -> {
        if (op.rope.factors() != null) {
          found.add(op.rope.factors());
        }
      }
      case ExpertMatMul op -> found.add(op.weight);
      case KvStore op -> {}
      case Attention op -> {}
      case Gated op -> {}
      case Add op -> {}
      case Scale op -> {}
      case SoftCap op -> {}
      case SigmoidGate op -> {}
      case SelectOutputs op -> {}
      case Route op -> {}
      case ExpertSum op -> {}
      case Argmax op -> {}
    }
    return found;
  }
}
