package dev.lamina.vulkan;

import dev.lamina.backend.Graph;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Value;
import java.util.List;

/**
 * The vectors of a product in the form that its kernel wants, made in scratch memory before it:
 * bytes or float16 numbers, and behind them a float32 scale for each 32 bytes or each vector.
 *
 * @param in whose rows they are
 * @param count how many a row has
 * @param width values of each, with its padding
 * @param bytes whether they become bytes
 */
record Vectors(Value in, int count, int width, boolean bytes) {
  private static final int ALIGNMENT = 256;

  /** The form that a way of taking products wants; null for float32 as it is. */
  static Vectors of(MatrixShape.Way way, Value in, TensorSpec weight) {
    int count = in.width() / weight.cols();
    return switch (way) {
      case TEAMS, PLAIN_TEAMS, TILES -> null;
      case INTEGER_TEAMS, INTEGER_TILES -> new Vectors(in, count, weight.cols(), true);
      case HALF_TILES, MATRIX_TILES -> {
        int padded = (weight.cols() + 31) / 32 * 32;
        yield new Vectors(in, count, padded, false);
      }
    };
  }

  /** Where the scales begin where there are so many rows. */
  long scalesAt(int rows) {
    long size = (long) rows * count * width * (bytes ? 1 : 2);
    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  private long size(int rows) {
    return scalesAt(rows) + 4L * rows * count * (bytes ? width / 32 : 1);
  }

  /** Bytes of scratch memory that the products of a graph need at most. */
  static long mostBytes(Abilities abilities, Graph graph, Limits limits) {
    long most = 0;
    for (Op op : graph.ops()) {
      most =
          Math.max(
              most,
              switch (op) {
                case Op.MatMul o -> most(abilities, o.weight(), o.in(), limits, 1);
                case Op.ExpertMatMul o -> {
                  // A few pairs for each expert are no tile.
                  int untiled = 2 * o.weight().experts() / o.used();
                  yield most(abilities, o.weight(), o.in(), limits, untiled);
                }
                case Op.Embed o -> 0;
                case Op.RmsNorm o -> 0;
                case Op.Rope o -> 0;
                case Op.KvStore o -> 0;
                case Op.Attention o -> 0;
                case Op.Gated o -> 0;
                case Op.Add o -> 0;
                case Op.Scale o -> 0;
                case Op.SoftCap o -> 0;
                case Op.SigmoidGate o -> 0;
                case Op.SelectOutputs o -> 0;
                case Op.Route o -> 0;
                case Op.ExpertSum o -> 0;
                case Op.Argmax o -> 0;
              });
    }
    return most;
  }

  private static long most(
      Abilities abilities, TensorSpec weight, Value in, Limits limits, int untiled) {
    int all = limits.maxRows(in.rows());
    int few = Math.min(all, Math.max(untiled, MatrixShape.MOST_VECTORS));
    long most = 0;
    for (int[] each : List.of(new int[] {1, few}, new int[] {all, all})) {
      Vectors vectors = of(MatrixShape.of(abilities, weight.type(), each[0]).way(), in, weight);
      most = Math.max(most, vectors == null ? 0 : vectors.size(each[1]));
    }
    return most;
  }
}
