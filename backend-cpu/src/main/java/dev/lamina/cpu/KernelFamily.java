package dev.lamina.cpu;

import dev.lamina.backend.Op;
import dev.lamina.cpu.code.ArmIsa;
import dev.lamina.cpu.code.InstructionSet;
import dev.lamina.cpu.code.Isa;
import dev.lamina.cpu.kernel.Kernel;
import dev.lamina.cpu.kernel.KvMemory;
import dev.lamina.cpu.kernel.Matrix;
import dev.lamina.cpu.kernel.Place;
import dev.lamina.cpu.panel.PanelCode;

/**
 * Makes the kernels of those ops that can be computed in more than one way: with the Vector API on
 * any processor, or by machine code where there is a family of it for the processor. A family that
 * has nothing of its own for an op, or not for its sizes, takes the Vector API's kernel.
 */
sealed interface KernelFamily permits VectorFamily, X86Family {
  /**
   * The family for an instruction set.
   *
   * @param isa what the processor has; null for no machine code
   */
  static KernelFamily of(InstructionSet isa) {
    return switch (isa) {
      case null -> VectorFamily.ALONE;
      case Isa x86 -> new X86Family(x86, PanelCode.of(x86));
      case ArmIsa arm -> new VectorFamily(PanelCode.of(arm));
    };
  }

  /** Multiplies with panels; null where weights stay in the file's layout. */
  PanelCode panels();

  Kernel embed(Matrix table, Place out);

  /**
   * @param gamma address of {@code op.gamma().cols()} floats
   */
  Kernel rmsNorm(Op.RmsNorm op, long gamma, Place in, Place out);

  /**
   * @param table what {@link dev.lamina.cpu.kernel.RopeTableKernel} writes
   */
  Kernel rope(Op.Rope op, Place table, Place in, Place out);

  Kernel kvStore(KvMemory pages, Place k, Place v);

  /** Bytes that attention needs beside its output, for as long as that is written; 0 for none. */
  long attentionBytes(Op.Attention op, int pageSize);

  /**
   * @param partials {@link #attentionBytes} of memory, null where that is 0
   */
  Kernel attention(Op.Attention op, KvMemory pages, Place q, Place out, Place partials);

  Kernel gated(Op.Gated op, Place gate, Place up, Place out);

  Kernel add(Op.Add op, Place a, Place b, Place out);
}
