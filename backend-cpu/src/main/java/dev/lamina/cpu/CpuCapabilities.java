package dev.lamina.cpu;

import dev.lamina.backend.Capabilities;
import dev.lamina.backend.Op;
import dev.lamina.backend.Support;
import dev.lamina.backend.TensorSpec;
import dev.lamina.cpu.panel.PanelFormats;
import dev.lamina.gguf.GgmlType;
import java.util.Set;

/** What the CPU kernels can do: every op with every type that weights have. */
final class CpuCapabilities implements Capabilities {
  static final CpuCapabilities INSTANCE = new CpuCapabilities();

  private CpuCapabilities() {}

  @Override
  public Support supports(Op op) {
    for (TensorSpec spec : op.weights()) {
      if (!spec.type().isWeightType()) {
        return Support.no(spec.name() + ": no weight has type " + spec.type());
      }
    }
    return Support.FULL;
  }

  @Override
  public Set<GgmlType> repacked() {
    return PanelFormats.types();
  }
}
