package dev.lamina.cpu.panel;

import static dev.lamina.cpu.code.Assembler.R10;
import static dev.lamina.cpu.code.Assembler.R11;
import static dev.lamina.cpu.code.Assembler.R12;
import static dev.lamina.cpu.code.Assembler.R13;
import static dev.lamina.cpu.code.Assembler.R8;
import static dev.lamina.cpu.code.Assembler.R9;
import static dev.lamina.cpu.code.Assembler.RAX;
import static dev.lamina.cpu.code.Assembler.RCX;
import static dev.lamina.cpu.code.Assembler.RDI;
import static dev.lamina.cpu.code.Assembler.RDX;
import static dev.lamina.cpu.code.Assembler.RSI;

import dev.lamina.cpu.code.Assembler;
import dev.lamina.cpu.code.Isa;
import dev.lamina.cpu.code.Label;
import dev.lamina.cpu.code.Mem;
import dev.lamina.cpu.code.Vop;

/**
 * Assembles the product of panels with a few rows of rounded activations. A lane is a row of the
 * weight: scales are converted for all at once, activations are broadcast, and no sum over lanes is
 * left at the end. Within a part that shares a scale all is exact integer arithmetic; then the sums
 * of each token are scaled and added up in float32, in the same order for any number of tokens and
 * any instruction set.
 */
final class ProductCode {
  // the arguments, by their offsets
  static final int WEIGHTS = 0;
  static final int INPUT = 8;
  static final int OUT = 16;
  static final int BLOCKS = 24;
  static final int PANELS = 32;
  static final int SKIP = 40;
  static final int OUT_STRIDE = 48;
  static final int INIT = 56;
  static final int INIT_STRIDE = 64;
  static final int INIT_STEP = 72;
  static final int SCRATCH = 80;

  /** Where activations lie that will be multiplied next. */
  static final int AHEAD = 88;

  static final int ARGUMENTS = 96;

  /** Tokens whose sums and totals have a register each, with 32 registers and with 16. */
  private static final int FEW_512 = 12;

  private static final int FEW_256 = 4;

  private static final int W = RSI;
  private static final int X = RDX;

  private final PanelFormat format;
  private final InputFormat input;
  private final int tokens;
  private final Multiplier multiplier;
  private final int halves;
  private final Registers registers;
  private final Assembler asm = new Assembler();
  private final int bits;
  private final ValueCode values;
  private final ScaleCode scales;
  private final int[] sums;
  private final int[] totals;
  private final int value;
  private final int odd;
  private final int spare;
  private final int scale;

  private ProductCode(Isa isa, PanelFormat format, int tokens) {
    this.format = format;
    this.input = format.input();
    this.tokens = tokens;
    this.multiplier = Multiplier.of(isa, format);
    this.registers = new Registers(asm, isa);
    this.bits = isa.bits();
    // a single token takes both halves of a line at once, so that memory is read in one stream
    this.halves = bits == 256 && tokens == 1 ? 2 : 1;
    this.values = new ValueCode(registers, format, W, R11, multiplier == Multiplier.SIGNED);
    this.scales = new ScaleCode(registers, format, W, R11);
    this.sums = registers.take(tokens * halves);
    this.totals = registers.take(tokens * halves);
    this.value = registers.take();
    this.odd = registers.take();
    this.spare = registers.take();
    this.scale = registers.take();
  }

  /** The most tokens that one call can take, by whatever code. */
  static int mostTokens(Isa isa) {
    return switch (isa) {
      case AVX2, AVX_VNNI -> GroupCode.MOST_TOKENS;
      case AVX512_VNNI -> FEW_512;
      case AMX_INT8 -> TileCode.MOST_TOKENS;
    };
  }

  /** The code for exactly {@code tokens} rows of activations. */
  static byte[] of(Isa isa, PanelFormat format, int tokens) {
    if (tokens <= (isa.bits() == 512 ? FEW_512 : FEW_256)) {
      return new ProductCode(isa, format, tokens).assemble();
    }
    return isa == Isa.AMX_INT8 ? TileCode.of(format, tokens) : GroupCode.of(isa, format, tokens);
  }

  /**
   * Puts the bytes from panel to panel in a register, those of its blocks and what is skipped;
   * spoils {@code rax}.
   *
   * @param blockBytes a multiple of 1024
   */
  static void panelStep(Assembler asm, int target, int blockBytes) {
    asm.load(RAX, Mem.at(RDI, BLOCKS));
    for (int bytes = 1; bytes < 1024; bytes *= 2) {
      asm.add(RAX, RAX);
    }
    asm.load(target, Mem.at(RDI, SKIP));
    for (int bytes = 0; bytes < blockBytes; bytes += 1024) {
      asm.add(target, RAX);
    }
  }

  private byte[] assemble() {
    asm.enter();
    values.keepConstants();
    if (multiplier != Multiplier.DOT) {
      registers.keep(Registers.ONES);
    }
    values.keepMasks();
    asm.load(R11, Mem.at(RDI, SCRATCH));
    asm.load(R12, Mem.at(RDI, OUT_STRIDE));
    asm.load(R13, Mem.at(RDI, INIT_STRIDE));
    int passes = 512 / bits / halves;
    for (int pass = 0; pass < passes; pass++) {
      panels(pass);
    }
    asm.leave();
    return asm.finish();
  }

  private void panels(int pass) {
    asm.load(W, Mem.at(RDI, WEIGHTS));
    asm.load(R8, Mem.at(RDI, OUT));
    asm.load(R9, Mem.at(RDI, INIT));
    asm.load(R10, Mem.at(RDI, PANELS));
    Label panel = new Label();
    asm.bind(panel);
    asm.load(X, Mem.at(RDI, INPUT));
    asm.load(RCX, Mem.at(RDI, BLOCKS));
    asm.mov(RAX, R9);
    for (int t = 0; t < tokens; t++) {
      for (int h = 0; h < halves; h++) {
        asm.op(Vop.VMOVUPS, bits, total(t, h), Mem.at(RAX, 32 * (pass + h)));
      }
      asm.add(RAX, R13);
    }
    Label block = new Label();
    asm.bind(block);
    for (int h = 0; h < halves; h++) {
      scales.block(pass + h, value, odd, spare, scale);
    }
    for (int record = 0; record < format.records(); record++) {
      record(record, pass);
    }
    asm.addImm(W, format.blockBytes());
    asm.addImm(RCX, -1);
    asm.jnz(block);
    asm.mov(RAX, R8);
    for (int t = 0; t < tokens; t++) {
      for (int h = 0; h < halves; h++) {
        asm.op(Vop.VMOVUPS_STORE, bits, total(t, h), Mem.at(RAX, 32 * (pass + h)));
      }
      asm.add(RAX, R12);
    }
    asm.addImm(R8, 64);
    asm.add(R9, Mem.at(RDI, INIT_STEP));
    asm.add(W, Mem.at(RDI, SKIP));
    asm.addImm(R10, -1);
    asm.jnz(panel);
  }

  private int sum(int token, int half) {
    return sums[token * halves + half];
  }

  private int total(int token, int half) {
    return totals[token * halves + half];
  }

  private int disp(int token, int at) {
    return token * input.recordBytes() + at;
  }

  /** 32 columns: their products, part by part. */
  private void record(int record, int pass) {
    int parts = InputFormat.VALUES / format.part();
    int quads = 8 / parts;
    for (int h = 0; h < halves; h++) {
      values.lookUp(value, odd, spare, scale, record, pass + h);
    }
    for (int part = 0; part < parts; part++) {
      int words = InputFormat.SUMS + 4 * part;
      for (int t = 0; t < tokens; t++) {
        for (int h = 0; h < halves; h++) {
          if (format.offset() == 0 || multiplier == Multiplier.SIGNED) {
            asm.op(Vop.VPXOR, bits, sum(t, h), sum(t, h), sum(t, h));
          } else {
            asm.op(Vop.VPBROADCASTD, bits, sum(t, h), Mem.at(X, disp(t, words)));
          }
        }
      }
      for (int quad = part * quads; quad < (part + 1) * quads; quad++) {
        values.ahead(record, quad);
        for (int h = 0; h < halves; h++) {
          values(record, quad, pass + h);
          for (int t = 0; t < tokens; t++) {
            product(sum(t, h), disp(t, 4 * quad));
          }
        }
      }
      for (int h = 0; h < halves; h++) {
        scales.scale(scale, spare, record * parts + part, pass + h);
        for (int t = 0; t < tokens; t++) {
          asm.op(Vop.VCVTDQ2PS, bits, sum(t, h), sum(t, h));
          registers.mulBroadcast(spare, scale, X, disp(t, InputFormat.SCALE));
          asm.op(Vop.VFMADD231PS, bits, total(t, h), sum(t, h), spare);
        }
        if (format.minimum() != 0) {
          scales.minimum(scale, record * parts + part, pass + h);
          Vop op = format.minimum() > 0 ? Vop.VFMADD231PS : Vop.VFNMADD231PS;
          for (int t = 0; t < tokens; t++) {
            registers.fmaBroadcast(op, total(t, h), scale, X, disp(t, words), spare);
          }
        }
      }
    }
    asm.addImm(X, tokens * input.recordBytes());
  }

  /** Brings 4 values of each row to {@link #value}. */
  private void values(int record, int quad, int half) {
    if (multiplier == Multiplier.SIGNED) {
      values.load(odd, spare, record, quad, half);
      asm.op(Vop.VPABSB, bits, value, odd);
    } else {
      values.load(value, spare, record, quad, half);
    }
  }

  /** Adds the products of {@link #value} with 4 activations. */
  private void product(int sum, int disp) {
    switch (multiplier) {
      case DOT -> {
        if (registers.wide()) {
          asm.op(Vop.VPDPBUSD, bits, sum, value, Mem.broadcast(X, disp));
        } else {
          asm.op(Vop.VPBROADCASTD, bits, spare, Mem.at(X, disp));
          asm.op(Vop.VPDPBUSD, bits, sum, value, spare);
        }
      }
      case PAIRS, SIGNED -> {
        asm.op(Vop.VPBROADCASTD, bits, spare, Mem.at(X, disp));
        if (multiplier == Multiplier.SIGNED) {
          asm.op(Vop.VPSIGNB, bits, spare, spare, odd);
        }
        asm.op(Vop.VPMADDUBSW, bits, spare, value, spare);
        registers.widen(spare);
        asm.op(Vop.VPADDD, bits, sum, sum, spare);
      }
    }
  }
}
