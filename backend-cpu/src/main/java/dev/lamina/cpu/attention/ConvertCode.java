package dev.lamina.cpu.attention;

import static dev.lamina.cpu.code.Assembler.RCX;
import static dev.lamina.cpu.code.Assembler.RDI;
import static dev.lamina.cpu.code.Assembler.RDX;
import static dev.lamina.cpu.code.Assembler.RSI;

import dev.lamina.cpu.code.Assembler;
import dev.lamina.cpu.code.Isa;
import dev.lamina.cpu.code.Label;
import dev.lamina.cpu.code.Mem;
import dev.lamina.cpu.code.Vop;
import dev.lamina.gguf.GgmlType;

/** Assembles the conversion of a run of values to float32: worth it where many rows share them. */
final class ConvertCode {
  // the arguments, by their offsets
  static final int SOURCE = 0;
  static final int TARGET = 8;

  /** Rounds, of {@link #values} each. */
  static final int ROUNDS = 16;

  private static final int VECTORS = 4;

  private ConvertCode() {}

  /** Values of a round. */
  static int values(Isa isa, GgmlType type) {
    return type.blockSize() > 1 ? PageReader.BLOCK : VECTORS * isa.bits() / 32;
  }

  static byte[] of(Isa isa, GgmlType type) {
    Assembler asm = new Assembler();
    PageReader reader = new PageReader(asm, isa.bits(), type);
    asm.enter();
    asm.load(RSI, Mem.at(RDI, SOURCE));
    asm.load(RDX, Mem.at(RDI, TARGET));
    asm.load(RCX, Mem.at(RDI, ROUNDS));
    Label round = new Label();
    asm.bind(round);
    int vectors = values(isa, type) / reader.lanes();
    if (reader.quantized()) {
      reader.scale(VECTORS, RSI, 0);
    }
    for (int v = 0; v < vectors; v++) {
      if (reader.quantized()) {
        boolean high = type == GgmlType.Q4_0 && v >= vectors / 2;
        int line = high ? v - vectors / 2 : v;
        reader.quants(v, VECTORS, RSI, 2 + line * reader.lanes(), high);
      } else {
        reader.floats(v, RSI, v * reader.vectorBytes());
      }
      asm.op(Vop.VMOVUPS_STORE, isa.bits(), v, Mem.at(RDX, v * isa.bits() / 8));
    }
    asm.addImm(RSI, reader.quantized() ? type.blockBytes() : vectors * reader.vectorBytes());
    asm.addImm(RDX, vectors * isa.bits() / 8);
    asm.addImm(RCX, -1);
    asm.jnz(round);
    asm.leave();
    return asm.finish();
  }
}
