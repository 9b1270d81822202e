package dev.lamina.cpu;

import dev.lamina.backend.Op;
import dev.lamina.cpu.attention.StoreCode;
import dev.lamina.cpu.code.Isa;
import dev.lamina.cpu.kernel.CodeAttentionKernel;
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
import dev.lamina.cpu.pointwise.NormCode;
import dev.lamina.cpu.pointwise.PointwiseCode;
import dev.lamina.cpu.pointwise.RopeCode;

/**
 * Kernels by machine code for x86-64.
 *
 * @param isa the instruction set that all kernels use
 * @param panels multiplies with panels
 */
record X86Family(Isa isa, PanelCode panels) implements KernelFamily {
  /** Scalar: the Vector API is slow until it is compiled, and nothing else here would use it. */
  @Override
  public Kernel embed(Matrix table, Place out) {
    return new EmbedKernel(table, out, true);
  }

  @Override
  public Kernel rmsNorm(Op.RmsNorm op, long gamma, Place in, Place out) {
    int size = op.gamma().cols();
    return new RmsNormKernel(gamma, size, op.eps(), op.in(), in, out, NormCode.of(isa, size));
  }

  @Override
  public Kernel rope(Op.Rope op, Place table, Place in, Place out) {
    return new RopeKernel(op.rope(), op.in().width(), table, in, out, RopeCode.of(op.rope()));
  }

  @Override
  public Kernel kvStore(KvMemory pages, Place k, Place v) {
    return new KvStoreKernel(pages, k, v, new StoreCode());
  }

  @Override
  public long attentionBytes(Op.Attention op, int pageSize) {
    return CodeAttentionKernel.covers(isa, op, pageSize) ? CodeAttentionKernel.partialBytes(op) : 0;
  }

  @Override
  public Kernel attention(Op.Attention op, KvMemory pages, Place q, Place out, Place partials) {
    return partials == null
        ? VectorFamily.ALONE.attention(op, pages, q, out, null)
        : new CodeAttentionKernel(isa, op, pages, q, out, partials);
  }

  @Override
  public Kernel gated(Op.Gated op, Place gate, Place up, Place out) {
    return PointwiseKernel.coded(
        op.out(), PointwiseCode.gated(isa, op.activation()), gate, up, out);
  }

  @Override
  public Kernel add(Op.Add op, Place a, Place b, Place out) {
    return PointwiseKernel.coded(op.out(), PointwiseCode.add(isa), a, b, out);
  }
}
