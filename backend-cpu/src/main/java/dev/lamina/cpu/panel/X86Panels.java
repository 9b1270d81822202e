package dev.lamina.cpu.panel;

import dev.lamina.cpu.code.Assembler;
import dev.lamina.cpu.code.CpuId;
import dev.lamina.cpu.code.Isa;
import dev.lamina.cpu.code.Label;
import dev.lamina.cpu.code.Mem;

/** Assembles for x86-64. */
final class X86Panels implements PanelAssembler {
  /** Rows of activations from which products of split numbers are the faster ones. */
  private static final int SPLIT_FROM = 17;

  private final Isa isa;

  X86Panels(Isa isa) {
    this.isa = isa;
  }

  @Override
  public boolean multiplies(PanelFormat format) {
    return true;
  }

  @Override
  public InputFormat input(PanelFormat format, int rows) {
    boolean tiles = isa == Isa.AMX_INT8 && CpuId.read().amxBf16();
    return tiles && rows >= SPLIT_FROM && !format.input().rounded()
        ? InputFormat.SPLIT
        : format.input();
  }

  @Override
  public boolean decodes(PanelFormat format, InputFormat input, int rows) {
    if (input.rounded()) {
      return false;
    }
    // also where nothing is to be computed: copies lie close together in the cache
    return input.split() || rows > FloatCode.mostTokens(isa, format);
  }

  /** As those have it that run the code: 2 MB with tiles, 1 MB or more with AVX-512, or 512 KB. */
  @Override
  public long cachedBytes(InputFormat input) {
    if (input.split()) {
      return PanelCode.MOST_CACHED;
    }
    return isa.bits() == 512 ? 512 << 10 : 256 << 10;
  }

  @Override
  public int mostTokens(InputFormat format) {
    if (format.split()) {
      return FloatTileCode.MOST_TOKENS;
    }
    return format.rounded() ? ProductCode.mostTokens(isa) : FloatCode.mostTokens(isa);
  }

  @Override
  public byte[] product(PanelFormat format, boolean decoded, InputFormat input, int tokens) {
    if (input.split()) {
      return FloatTileCode.of(format.splits(), tokens);
    }
    return input.rounded()
        ? ProductCode.of(isa, format, tokens)
        : FloatCode.of(isa, format, decoded, tokens);
  }

  @Override
  public byte[] decode(PanelFormat format, boolean split) {
    return DecodeCode.of(isa, format, split);
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
