package dev.lamina.cpu;

import dev.lamina.backend.Op;
import dev.lamina.cpu.kernel.AttentionKernel;
import dev.lamina.cpu.kernel.EmbedKernel;
import dev.lamina.cpu.kernel.Kernel;
import dev.lamina.cpu.kernel.KvMemory;
import dev.lamina.cpu.kernel.KvStoreKernel;
import dev.lamina.cpu.kernel.Matrix;
import dev.lamina.cpu.kernel.Place;
import dev.lamina.cpu.kernel.PointwiseKernel;
import dev.lamina.cpu.kernel.RmsNormKernel;
import dev.lamina.cpu.kernel.RopeKernel;
import dev.lamina.cpu.panel.PanelCode;

/**
 * Kernels with the Vector API.
 *
 * @param panels multiplies with panels by machine code; null where products are the Vector API's
 *     too
 */
record VectorFamily(PanelCode panels) implements KernelFamily {
  /** Without any machine code. */
  static final VectorFamily ALONE = new VectorFamily(null);

  @Override
  public Kernel embed(Matrix table, Place out) {
    return new EmbedKernel(table, out, false);
  }

  @Override
  public Kernel rmsNorm(Op.RmsNorm op, long gamma, Place in, Place out) {
    return new RmsNormKernel(gamma, op.gamma().cols(), op.eps(), op.in(), in, out, null);
  }

  @Override
  public Kernel rope(Op.Rope op, Place table, Place in, Place out) {
    return new RopeKernel(op.rope(), op.in().width(), table, in, out, null);
  }

  @Override
  public Kernel kvStore(KvMemory pages, Place k, Place v) {
    return new KvStoreKernel(pages, k, v, null);
  }

  @Override
  public long attentionBytes(Op.Attention op, int pageSize) {
    return 0;
  }

  @Override
  public Kernel attention(Op.Attention op, KvMemory pages, Place q, Place out, Place partials) {
    return new AttentionKernel(op, pages, q, out);
  }

  @Override
  public Kernel gated(Op.Gated op, Place gate, Place up, Place out) {
    return PointwiseKernel.gated(op.out(), op.activation(), gate, up, out);
  }

  @Override
  public Kernel add(Op.Add op, Place a, Place b, Place out) {
    return PointwiseKernel.add(op.out(), a, b, out);
  }
}
