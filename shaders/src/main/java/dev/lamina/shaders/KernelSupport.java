package dev.lamina.shaders;

import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Op;
import dev.lamina.backend.Support;
import dev.lamina.backend.TensorSpec;

/** What kernels can do on a device that lacks nothing: one switch for all families of them. */
public final class KernelSupport {
  /** Greater heads do not fit into the local memory of every card. */
  private static final Limits C_DIALECT = new Limits(1024, 16, LaunchPlan.MOST_EXPERTS);

  private KernelSupport() {}

  /**
   * What limits a family of kernels.
   *
   * @param mostHead the most values of a head
   * @param headStep what the values of a head are a multiple of
   * @param mostExperts the most experts of a router
   */
  public record Limits(int mostHead, int headStep, int mostExperts) {}

  /** Whether there are C-dialect kernels for an op with its types and shapes. */
  public static Support of(Op op) {
    return of(op, C_DIALECT);
  }

  /** Whether there are kernels for an op with its types and shapes, in a family with limits. */
  public static Support of(Op op, Limits limits) {
    for (TensorSpec spec : op.weights()) {
      if (!spec.type().isWeightType()) {
        return Support.no(spec.name() + ": no weight has type " + spec.type());
      }
    }
    return switch (op) {
      case Op.KvStore o -> heads(o.kv(), limits);
      case Op.Attention o -> heads(o.kv(), limits);
      case Op.Route o -> experts(o.logits().width(), limits);
      case Op.ExpertMatMul o -> experts(o.weight().experts(), limits);
      case Op.Embed o -> Support.FULL;
      case Op.MatMul o -> Support.FULL;
      case Op.RmsNorm o -> Support.FULL;
      case Op.Rope o -> Support.FULL;
      case Op.Gated o -> Support.FULL;
      case Op.Add o -> Support.FULL;
      case Op.Scale o -> Support.FULL;
      case Op.SoftCap o -> Support.FULL;
      case Op.SigmoidGate o -> Support.FULL;
      case Op.SelectOutputs o -> Support.FULL;
      case Op.ExpertSum o -> Support.FULL;
      case Op.Argmax o -> Support.FULL;
    };
  }

  private static Support heads(KvSpec kv, Limits limits) {
    for (int dim : new int[] {kv.headDimK(), kv.headDimV()}) {
      if (dim % limits.headStep != 0 || dim > limits.mostHead) {
        String steps = limits.headStep == 1 ? "" : "multiples of " + limits.headStep + " ";
        return Support.no(
            "heads of %d values: the kernels take %sup to %d"
                .formatted(dim, steps, limits.mostHead));
      }
    }
    return Support.FULL;
  }

  private static Support experts(int experts, Limits limits) {
    return experts <= limits.mostExperts
        ? Support.FULL
        : Support.no(experts + " experts: the kernels take up to " + limits.mostExperts);
  }
}
