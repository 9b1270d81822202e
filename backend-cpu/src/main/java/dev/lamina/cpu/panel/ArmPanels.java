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

  /** Quantized weights only with rounded activations. */
  @Override
  public boolean multiplies(PanelFormat format) {
    return format.input().rounded() == format.quantized();
  }

  @Override
  public InputFormat input(PanelFormat format, int rows) {
    return format.input();
  }

  @Override
  public boolean decodes(PanelFormat format, InputFormat input, int rows) {
    return false;
  }

  @Override
  public long cachedBytes(InputFormat input) {
    return 256 << 10;
  }

  @Override
  public int mostTokens(InputFormat format) {
    return format.rounded() ? ArmProductCode.mostTokens(isa) : ArmFloatCode.MOST_TOKENS;
  }

  @Override
  public byte[] product(PanelFormat format, boolean decoded, InputFormat input, int tokens) {
    return input.rounded()
        ? ArmProductCode.of(isa, format, tokens)
        : ArmFloatCode.of(format, tokens);
  }

  @Override
  public byte[] decode(PanelFormat format, boolean split) {
    throw new IllegalArgumentException("no panels are decoded with " + isa.label());
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
