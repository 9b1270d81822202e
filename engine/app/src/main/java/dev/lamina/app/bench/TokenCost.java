package dev.lamina.app.bench;

import dev.lamina.backend.Op;
import dev.lamina.backend.TensorSpec;
import dev.lamina.model.ModelGraph;
import java.util.ArrayList;
import java.util.List;

/**
 * What one token asks of the hardware, whatever runs it.
 *
 * @param decodeBytes bytes of weights that one generated token reads: of experts only those used,
 *     of the embedding table one row
 * @param prefillFlops float operations of matrix products for one prompt token: two for each weight
 *     of the layers; the output matrix works for the last token only and is left out, as is
 *     attention
 * @param caches what attention reads of the positions before it
 */
public record TokenCost(long decodeBytes, long prefillFlops, List<Cache> caches) {
  /**
   * The keys and values of a layer.
   *
   * @param bytes those of one position
   * @param window positions that are read at most, or 0 for all
   */
  public record Cache(long bytes, int window) {}

  public TokenCost {
    caches = List.copyOf(caches);
  }

  /** Bytes of keys and values that a token at a position reads. */
  public double cacheBytes(double position) {
    return caches.stream()
        .mapToDouble(
            cache -> cache.bytes * (cache.window > 0 ? Math.min(position, cache.window) : position))
        .sum();
  }

  public static TokenCost of(ModelGraph model) {
    List<Op> layers = new ArrayList<>();
    for (int i = 0; i < model.layers(); i++) {
      layers.addAll(model.stage(i, i + 1, false).ops());
    }
    long flops = layers.stream().mapToLong(TokenCost::weightsUsed).sum() * 2;
    List<Op> all = new ArrayList<>(layers);
    all.addAll(model.stage(model.layers(), model.layers(), true).ops());
    all.addAll(model.embedding().ops());
    List<Cache> caches = new ArrayList<>();
    for (Op op : layers) {
      if (op instanceof Op.Attention attention) {
        caches.add(new Cache(attention.kv().bytesPerPosition(), attention.window()));
      }
    }
    return new TokenCost(all.stream().mapToLong(TokenCost::bytes).sum(), flops, caches);
  }

  private static long weightsUsed(Op op) {
    return switch (op) {
      case Op.MatMul m -> (long) m.weight().cols() * m.weight().rows();
      case Op.ExpertMatMul m -> (long) m.weight().cols() * m.weight().rows() * m.used();
      case Op.Embed _, Op.RmsNorm _, Op.Rope _, Op.KvStore _, Op.Attention _, Op.Gated _ -> 0;
      case Op.Add _, Op.Scale _, Op.SoftCap _, Op.SigmoidGate _, Op.SelectOutputs _ -> 0;
      case Op.Route _, Op.ExpertSum _, Op.Argmax _ -> 0;
    };
  }

  private static long bytes(Op op) {
    if (op instanceof Op.ExpertMatMul experts) {
      return experts.weight().bytes() / experts.weight().experts() * experts.used();
    }
    if (op instanceof Op.Embed embed) {
      return embed.table().type().rowBytes(embed.table().cols());
    }
    return op.weights().stream().mapToLong(TensorSpec::bytes).sum();
  }
}
