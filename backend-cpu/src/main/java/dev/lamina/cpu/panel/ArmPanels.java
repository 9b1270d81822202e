package dev.lamina.cpu.panel;

import dev.lamina.cpu.code.ArmAssembler;
import dev.lamina.cpu.code.ArmIsa;
import dev.lamina.cpu.code.Label;

/** Assembles for AArch64. */
final class ArmPanels implements PanelAssembler {
  private final ArmIsa isa;

  ArmPanels(ArmIsa isa) {
    this.isa = isa;
  }

  @Override
  public int mostTokens(InputFormat format) {
    return format.rounded() ? ArmProductCode.mostTokens(isa) : ArmFloatCode.MOST_TOKENS;
  }

  @Override
  public byte[] product(PanelFormat format, int tokens) {
    return format.input().rounded()
        ? ArmProductCode.of(isa, format, tokens)
        : ArmFloatCode.of(format, tokens);
  }

  @Override
  public byte[] quantize(InputFormat format) {
    return ArmQuantizeCode.of(format);
  }

  @Override
  public byte[] repack(PanelFormat format) {
    return ArmRepackCode.of(format);
  }

  @Override
  public byte[] fetch() {
    ArmAssembler asm = new ArmAssembler();
    asm.load(ArmAssembler.Size.X, 1, 0, 0);
    asm.load(ArmAssembler.Size.X, 2, 0, 8);
    Label loop = new Label();
    asm.bind(loop);
    for (int line = 0; line < PanelCode.FETCHED; line += 64) {
      asm.prefetchSecond(1, line);
    }
    asm.addImm(1, 1, PanelCode.FETCHED);
    asm.loop(2, loop);
    asm.ret();
    return asm.finish();
  }
}
