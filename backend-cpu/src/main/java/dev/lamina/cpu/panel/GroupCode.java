package dev.lamina.cpu.panel;

import static dev.lamina.cpu.code.Assembler.R10;
import static dev.lamina.cpu.code.Assembler.R11;
import static dev.lamina.cpu.code.Assembler.R12;
import static dev.lamina.cpu.code.Assembler.R13;
import static dev.lamina.cpu.code.Assembler.R14;
import static dev.lamina.cpu.code.Assembler.R8;
import static dev.lamina.cpu.code.Assembler.R9;
import static dev.lamina.cpu.code.Assembler.RAX;
import static dev.lamina.cpu.code.Assembler.RBX;
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
 * Assembles the product of panels with many rows of rounded activations with vectors of 256 bits,
 * whose few registers cannot hold sums and totals of many tokens. Values are brought from their
 * bits to bytes once for all tokens and wait in scratch memory, as the totals do; registers hold
 * the sums of a part for a group of tokens, one group after the other. What is computed is that of
 * {@link ProductCode}, to the last bit.
 */
final class GroupCode {
  /** The most tokens. */
  static final int MOST_TOKENS = 24;

  // scratch memory, behind that of the scales: 8 lines of values, of their signs, and the totals
  private static final int VALUES = ScaleCode.SCRATCH;
  private static final int SIGNED = VALUES + 64 * 8;
  private static final int TOTALS = SIGNED + 64 * 8;

  /** Bytes of scratch memory, besides that of {@link ScaleCode}. */
  static final int SCRATCH = TOTALS + 64 * MOST_TOKENS - ScaleCode.SCRATCH;

  private static final int W = RSI;
  private static final int X = RDX;

  /** The group's totals. */
  private static final int TOTALS_AT = R14;

  private static final int GROUPS_LEFT = RBX;

  private final PanelFormat format;
  private final InputFormat input;
  private final int tokens;
  private final Multiplier multiplier;
  private final int parts;
  private final int quads;

  /** Lines of values whose products are added up as words: a power of two, as quads are. */
  private final int run;

  private final Registers registers;
  private final Assembler asm = new Assembler();
  private final int bits;
  private final ValueCode values;
  private final ScaleCode scales;

  /** Sums of a group; registers to use while values are brought to bytes. */
  private final int[] sums;

  /** Values that are being multiplied, and where words are added up one more to use. */
  private final int[] held;

  private final int spare;

  private GroupCode(Isa isa, PanelFormat format, int tokens) {
    this.format = format;
    this.input = format.input();
    this.tokens = tokens;
    this.multiplier = Multiplier.of(isa, format);
    this.parts = InputFormat.VALUES / format.part();
    this.quads = 8 / parts;
    this.run = Math.min(quads, Integer.highestOneBit(Multiplier.pairs(format)));
    this.registers = new Registers(asm, isa);
    this.bits = registers.bits;
    this.sums = registers.take(Math.min(tokens, group(multiplier)));
    this.held =
        registers.take(
            switch (multiplier) {
              case DOT -> 1;
              case PAIRS -> run == 1 || run == quads ? 1 : run + 1;
              case SIGNED -> 2;
            });
    this.spare = registers.take();
    this.values = new ValueCode(registers, format, W, R11, multiplier == Multiplier.SIGNED);
    this.scales = new ScaleCode(registers, format, W, R11);
  }

  /** Tokens of a group: enough that no product waits for the one before. */
  private static int group(Multiplier multiplier) {
    return switch (multiplier) {
      case DOT -> 12;
      case PAIRS, SIGNED -> 8;
    };
  }

  /** The code for exactly {@code tokens} rows of activations, at least 4, with 256 bits. */
  static byte[] of(Isa isa, PanelFormat format, int tokens) {
    return new GroupCode(isa, format, tokens).assemble();
  }

  private byte[] assemble() {
    asm.enter();
    values.keepConstants();
    if (multiplier != Multiplier.DOT) {
      registers.keep(Registers.ONES);
    }
    values.keepMasks();
    asm.load(R11, Mem.at(RDI, ProductCode.SCRATCH));
    asm.load(R12, Mem.at(RDI, ProductCode.OUT_STRIDE));
    asm.load(R13, Mem.at(RDI, ProductCode.INIT_STRIDE));
    for (int half = 0; half < 512 / bits; half++) {
      panels(half);
    }
    asm.leave();
    return asm.finish();
  }

  private void panels(int half) {
    asm.load(W, Mem.at(RDI, ProductCode.WEIGHTS));
    asm.load(R8, Mem.at(RDI, ProductCode.OUT));
    asm.load(R9, Mem.at(RDI, ProductCode.INIT));
    asm.load(R10, Mem.at(RDI, ProductCode.PANELS));
    Label panel = new Label();
    asm.bind(panel);
    asm.load(X, Mem.at(RDI, ProductCode.INPUT));
    asm.load(RCX, Mem.at(RDI, ProductCode.BLOCKS));
    asm.mov(RAX, R9);
    for (int t = 0; t < tokens; t++) {
      asm.op(Vop.VMOVUPS, bits, spare, Mem.at(RAX, 32 * half));
      asm.op(Vop.VMOVUPS_STORE, bits, spare, Mem.at(R11, TOTALS + 64 * t));
      asm.add(RAX, R13);
    }
    Label block = new Label();
    asm.bind(block);
    scales.block(half, sums[0], sums[1], sums[2], sums[3]);
    for (int record = 0; record < format.records(); record++) {
      record(record, half);
    }
    asm.addImm(W, format.blockBytes());
    asm.addImm(RCX, -1);
    asm.jnz(block);
    asm.mov(RAX, R8);
    for (int t = 0; t < tokens; t++) {
      asm.op(Vop.VMOVUPS, bits, spare, Mem.at(R11, TOTALS + 64 * t));
      asm.op(Vop.VMOVUPS_STORE, bits, spare, Mem.at(RAX, 32 * half));
      asm.add(RAX, R12);
    }
    asm.addImm(R8, 64);
    asm.add(R9, Mem.at(RDI, ProductCode.INIT_STEP));
    asm.add(W, Mem.at(RDI, ProductCode.SKIP));
    asm.addImm(R10, -1);
    asm.jnz(panel);
  }

  /** 32 columns: their values, then the products, group by group. */
  private void record(int record, int half) {
    values.lookUp(sums[0], sums[1], sums[2], sums[3], record, half);
    for (int quad = 0; quad < 8; quad++) {
      values.ahead(record, quad);
      values.load(sums[0], sums[1], record, quad, half);
      if (multiplier == Multiplier.SIGNED) {
        asm.op(Vop.VMOVUPS_STORE, bits, sums[0], Mem.at(R11, SIGNED + 64 * quad));
        asm.op(Vop.VPABSB, bits, sums[0], sums[0]);
      }
      asm.op(Vop.VMOVUPS_STORE, bits, sums[0], Mem.at(R11, VALUES + 64 * quad));
    }
    asm.mov(TOTALS_AT, R11);
    int groups = tokens / sums.length;
    Label next = new Label();
    if (groups > 1) {
      asm.mov32(GROUPS_LEFT, groups);
      asm.bind(next);
    }
    group(sums.length, record, half);
    asm.addImm(X, sums.length * input.recordBytes());
    if (groups > 1) {
      asm.addImm(TOTALS_AT, 64 * sums.length);
      asm.addImm(GROUPS_LEFT, -1);
      asm.jnz(next);
    } else if (tokens > sums.length) {
      asm.addImm(TOTALS_AT, 64 * sums.length);
    }
    int rest = tokens % sums.length;
    if (rest > 0) {
      group(rest, record, half);
      asm.addImm(X, rest * input.recordBytes());
    }
  }

  private void group(int count, int record, int half) {
    for (int part = 0; part < parts; part++) {
      switch (multiplier) {
        case DOT -> dots(count, part);
        case PAIRS -> {
          if (run < quads) {
            runs(count, part);
          } else {
            words(count, part);
          }
        }
        case SIGNED -> signed(count, part);
      }
      finish(count, record * parts + part, part, half);
    }
  }

  private void load(int target, int at, int quad) {
    asm.op(Vop.VMOVUPS, bits, target, Mem.at(R11, at + 64 * quad));
  }

  private int disp(int token, int at) {
    return token * input.recordBytes() + at;
  }

  private static int words(int part) {
    return InputFormat.SUMS + 4 * part;
  }

  private void broadcast(int target, int token, int at) {
    asm.op(Vop.VPBROADCASTD, bits, target, Mem.at(X, disp(token, at)));
  }

  /** Begins sums with what the offset takes away. */
  private void begin(int count, int part) {
    for (int t = 0; t < count; t++) {
      if (format.offset() == 0) {
        asm.op(Vop.VPXOR, bits, sums[t], sums[t], sums[t]);
      } else {
        broadcast(sums[t], t, words(part));
      }
    }
  }

  private void dots(int count, int part) {
    begin(count, part);
    for (int quad = part * quads; quad < (part + 1) * quads; quad++) {
      load(held[0], VALUES, quad);
      for (int t = 0; t < count; t++) {
        broadcast(spare, t, 4 * quad);
        asm.op(Vop.VPDPBUSD, bits, sums[t], held[0], spare);
      }
    }
  }

  /** All pairs of a part fit in words. */
  private void words(int count, int part) {
    for (int quad = part * quads; quad < (part + 1) * quads; quad++) {
      load(held[0], VALUES, quad);
      boolean first = quad == part * quads;
      for (int t = 0; t < count; t++) {
        int product = first ? sums[t] : spare;
        broadcast(product, t, 4 * quad);
        asm.op(Vop.VPMADDUBSW, bits, product, held[0], product);
        if (!first) {
          asm.op(Vop.VPADDW, bits, sums[t], sums[t], product);
        }
      }
    }
    for (int t = 0; t < count; t++) {
      registers.widen(sums[t]);
      if (format.offset() != 0) {
        broadcast(spare, t, words(part));
        asm.op(Vop.VPADDD, bits, sums[t], sums[t], spare);
      }
    }
  }

  /** Only some pairs fit in words: those of the lines that are held at a time. */
  private void runs(int count, int part) {
    begin(count, part);
    for (int quad = part * quads; quad < (part + 1) * quads; quad += run) {
      for (int i = 0; i < run; i++) {
        load(held[i], VALUES, quad + i);
      }
      for (int t = 0; t < count; t++) {
        for (int i = 0; i < run; i++) {
          int product = i == 0 ? spare : held[run];
          broadcast(product, t, 4 * (quad + i));
          asm.op(Vop.VPMADDUBSW, bits, product, held[i], product);
          if (i > 0) {
            asm.op(Vop.VPADDW, bits, spare, spare, held[run]);
          }
        }
        registers.widen(spare);
        asm.op(Vop.VPADDD, bits, sums[t], sums[t], spare);
      }
    }
  }

  private void signed(int count, int part) {
    for (int quad = part * quads; quad < (part + 1) * quads; quad++) {
      load(held[0], VALUES, quad);
      load(held[1], SIGNED, quad);
      boolean first = quad == part * quads;
      for (int t = 0; t < count; t++) {
        int product = first ? sums[t] : spare;
        broadcast(product, t, 4 * quad);
        asm.op(Vop.VPSIGNB, bits, product, product, held[1]);
        asm.op(Vop.VPMADDUBSW, bits, product, held[0], product);
        registers.widen(product);
        if (!first) {
          asm.op(Vop.VPADDD, bits, sums[t], sums[t], product);
        }
      }
    }
  }

  /** Scales the sums of a part and adds them to the totals. */
  private void finish(int count, int step, int part, int half) {
    int scale = held[0];
    scales.scale(scale, spare, step, half);
    for (int t = 0; t < count; t++) {
      asm.op(Vop.VCVTDQ2PS, bits, sums[t], sums[t]);
      registers.mulBroadcast(spare, scale, X, disp(t, InputFormat.SCALE));
      asm.op(Vop.VFMADD213PS, bits, sums[t], spare, Mem.at(TOTALS_AT, TOTALS + 64 * t));
    }
    if (format.minimum() != 0) {
      scales.minimum(scale, step, half);
      Vop op = format.minimum() > 0 ? Vop.VFMADD231PS : Vop.VFNMADD231PS;
      for (int t = 0; t < count; t++) {
        registers.fmaBroadcast(op, sums[t], scale, X, disp(t, words(part)), spare);
      }
    }
    for (int t = 0; t < count; t++) {
      asm.op(Vop.VMOVUPS_STORE, bits, sums[t], Mem.at(TOTALS_AT, TOTALS + 64 * t));
    }
  }
}
