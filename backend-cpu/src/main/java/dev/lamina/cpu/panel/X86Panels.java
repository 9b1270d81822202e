package dev.lamina.cpu.panel;

import dev.lamina.cpu.code.Assembler;
import dev.lamina.cpu.code.Isa;
import dev.lamina.cpu.code.Label;
import dev.lamina.cpu.code.Mem;

/** Assembles for x86-64. */
final class X86Panels implements PanelAssembler {
  private final Isa isa;

  X86Panels(Isa isa) {
    this.isa = isa;
  }

  @Override
  public int mostTokens(InputFormat format) {
    return format.rounded() ? ProductCode.mostTokens(isa) : FloatCode.mostTokens(isa);
  }

  @Override
  public byte[] product(PanelFormat format, int tokens) {
    return format.input().rounded()
        ? ProductCode.of(isa, format, tokens)
        : FloatCode.of(isa, format, tokens);
  }

  @Override
  public byte[] quantize(InputFormat format) {
    return QuantizeCode.of(format);
  }

  @Override
  public byte[] repack(PanelFormat format) {
    return RepackCode.of(format);
  }

  @Override
  public byte[] fetch() {
    Assembler asm = new Assembler();
    asm.load(Assembler.RSI, Mem.at(Assembler.RDI, 0));
    asm.load(Assembler.RCX, Mem.at(Assembler.RDI, 8));
    Label loop = new Label();
    asm.bind(loop);
    for (int line = 0; line < PanelCode.FETCHED; line += 64) {
      asm.prefetchSecond(Mem.at(Assembler.RSI, line));
    }
    asm.addImm(Assembler.RSI, PanelCode.FETCHED);
    asm.addImm(Assembler.RCX, -1);
    asm.jnz(loop);
    asm.ret();
    return asm.finish();
  }
}
