package dev.lamina.shaders;

import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Op;
import dev.lamina.backend.Support;
import dev.lamina.backend.TensorSpec;

/** What the C-dialect kernels can do on a device that lacks nothing. */
public final class KernelSupport {
  /** Greater heads do not fit into the local memory of every card. */
  private static final int MOST_HEAD_DIM = 1024;

  private KernelSupport() {}

  /** Whether there are kernels for an op with its types and shapes. */
  public static Support of(Op op) {
    for (TensorSpec spec : op.weights()) {
      if (!spec.type().isWeightType()) {
        return Support.no(spec.name() + ": no weight has type " + spec.type());
      }
    }
    return switch (op) {
      case Op.KvStore o -> heads(o.kv());
      case Op.Attention o -> heads(o.kv());
      case Op.Route o -> experts(o.logits().width());
      case Op.ExpertMatMul o -> experts(o.weight().experts());
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

  private static Support heads(KvSpec kv) {
    for (int dim : new int[] {kv.headDimK(), kv.headDimV()}) {
      if (dim % 16 != 0 || dim > MOST_HEAD_DIM) {
        return Support.no(
            "heads of " + dim + " values: the kernels take multiples of 16 up to " + MOST_HEAD_DIM);
      }
    }
    return Support.FULL;
  }

  private static Support experts(int experts) {
    return experts <= LaunchPlan.MOST_EXPERTS
        ? Support.FULL
        : Support.no(experts + " experts: the kernels take up to " + LaunchPlan.MOST_EXPERTS);
  }
}
