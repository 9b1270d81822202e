package dev.lamina.vulkan;

import dev.lamina.backend.Capabilities;
import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Op;
import dev.lamina.backend.Support;
import dev.lamina.backend.TensorSpec;
import dev.lamina.gguf.GgmlType;
import java.util.EnumSet;
import java.util.Set;

/** What the kernels can do on a device that lacks nothing. */
final class VulkanCapabilities implements Capabilities {
  static final VulkanCapabilities INSTANCE = new VulkanCapabilities();

  /** The widest head: what a workgroup's shared memory holds. */
  static final int MAX_HEAD = 512;

  /** The most experts: what a workgroup's shared memory holds. */
  static final int MAX_EXPERTS = 1024;

  private VulkanCapabilities() {}

  @Override
  public Support supports(Op op) {
    for (TensorSpec spec : op.weights()) {
      if (!spec.type().isWeightType() || spec.type().isIQuant()) {
        return Support.no(spec.name() + ": there is no kernel for " + spec.type());
      }
    }
    return switch (op) {
      case Op.Attention o -> heads(o.kv());
      case Op.KvStore o -> heads(o.kv());
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
    int widest = Math.max(kv.headDimK(), kv.headDimV());
    return widest <= MAX_HEAD
        ? Support.FULL
        : Support.no("heads of " + widest + " values: the kernels hold " + MAX_HEAD + " at most");
  }

  private static Support experts(int experts) {
    return experts <= MAX_EXPERTS
        ? Support.FULL
        : Support.no(experts + " experts: the kernels know " + MAX_EXPERTS + " at most");
  }

  /** The types whose blocks are taken apart into planes. */
  @Override
  public Set<GgmlType> repacked() {
    return EnumSet.of(
        GgmlType.Q4_0,
        GgmlType.Q4_1,
        GgmlType.Q5_0,
        GgmlType.Q5_1,
        GgmlType.Q8_0,
        GgmlType.MXFP4,
        GgmlType.Q3_K,
        GgmlType.Q6_K,
        GgmlType.TQ1_0,
        GgmlType.TQ2_0);
  }
}
