package dev.lamina.opencl;

import dev.lamina.backend.Capabilities;
import dev.lamina.backend.Op;
import dev.lamina.backend.Support;
import dev.lamina.gguf.GgmlType;
import dev.lamina.shaders.IntegerFormat;
import dev.lamina.shaders.KernelSupport;
import java.util.Set;

/** What the kernels can do on a device that lacks nothing. */
final class OpenClCapabilities implements Capabilities {
  static final OpenClCapabilities INSTANCE = new OpenClCapabilities();

  private OpenClCapabilities() {}

  @Override
  public Support supports(Op op) {
    return KernelSupport.of(op);
  }

  @Override
  public Set<GgmlType> repacked() {
    return IntegerFormat.typesApart();
  }
}
