package dev.lamina.vulkan;

import dev.lamina.backend.Capabilities;
import dev.lamina.backend.Op;
import dev.lamina.backend.Support;
import dev.lamina.backend.TensorSpec;
import dev.lamina.gguf.GgmlType;
import dev.lamina.shaders.KernelSupport;
import java.util.EnumSet;
import java.util.Set;

/** What the kernels can do on a device that lacks nothing. */
final class VulkanCapabilities implements Capabilities {
  static final VulkanCapabilities INSTANCE = new VulkanCapabilities();

  /** Heads of any width, and experts: as many as a workgroup's shared memory holds. */
  private static final KernelSupport.Limits LIMITS = new KernelSupport.Limits(512, 1, 1024);

  private VulkanCapabilities() {}

  @Override
  public Support supports(Op op) {
    for (TensorSpec spec : op.weights()) {
      if (spec.type().isIQuant()) {
        return Support.no(spec.name() + ": there is no kernel for " + spec.type());
      }
    }
    return KernelSupport.of(op, LIMITS);
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
