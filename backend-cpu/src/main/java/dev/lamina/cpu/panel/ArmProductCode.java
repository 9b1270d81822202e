package dev.lamina.cpu.panel;

import static dev.lamina.cpu.panel.ArmRegisters.BLOCKS;
import static dev.lamina.cpu.panel.ArmRegisters.INIT;
import static dev.lamina.cpu.panel.ArmRegisters.INIT_STRIDE;
import static dev.lamina.cpu.panel.ArmRegisters.OUT;
import static dev.lamina.cpu.panel.ArmRegisters.OUT_STRIDE;
import static dev.lamina.cpu.panel.ArmRegisters.PANELS;
import static dev.lamina.cpu.panel.ArmRegisters.T;
import static dev.lamina.cpu.panel.ArmRegisters.X;

import dev.lamina.cpu.code.ArmAssembler;
import dev.lamina.cpu.code.ArmAssembler.Size;
import dev.lamina.cpu.code.ArmIsa;
import dev.lamina.cpu.code.Label;
import dev.lamina.cpu.code.Neon;

/**
 * Assembles the product of panels with some rows of rounded activations for AArch64: the arguments,
 * the sums and their order are those of {@link ProductCode}. A single token takes all four quarters
 * of a panel at once, so that memory is read in one stream; with more tokens the quarters follow
 * each other, so that every value that is unpacked meets all tokens.
 */
final class ArmProductCode {
  /** Tokens whose sums and totals have a register each, beside what unpacking needs. */
  private static final int MOST_TOKENS = 8;

  private static final int QUARTERS = 4;

  /**
   * The register with the address of a record points so far behind its beginning: displacements
   * that are no multiples of the size may be 256 bytes backward and 255 forward.
   */
  private static final int MIDDLE = 128;

  // general registers, besides those of ArmRegisters
  private static final int FIRST_DWORDS = 4;
  private static final int FIRST_WORDS = 5;
  private static final int FIRST_BYTES = 6;
  private static final int PASSES = 14;

  private final PanelFormat format;
  private final InputFormat input;
  private final int tokens;
  private final int quarters;
  private final int offset;
  private final ArmRegisters registers = new ArmRegisters();
  private final ArmAssembler asm = registers.asm;
  private final ArmValueCode values;
  private final ArmScaleCode scales;
  private final int[] sums;
  private final int[] totals;
  private final int[] value;
  private final int active;
  private final int spare;
  private final int other;
  private final int scale;

  private ArmProductCode(PanelFormat format, int tokens) {
    this.format = format;
    this.input = format.input();
    this.tokens = tokens;
    this.quarters = tokens == 1 ? QUARTERS : 1;
    this.offset = format.offset() - ArmValueCode.centre(format);
    this.values = new ArmValueCode(registers, format);
    this.scales = new ArmScaleCode(registers, format);
    this.sums = registers.take(tokens * quarters);
    this.totals = registers.take(tokens * quarters);
    this.value = registers.take(4);
    this.active = registers.take();
    this.spare = registers.take();
    this.other = registers.take();
    this.scale = registers.take();
  }

  /** The most tokens that one call can take. */
  static int mostTokens(ArmIsa isa) {
    return switch (isa) {
      case DOTPROD -> MOST_TOKENS;
    };
  }

  /** The code for exactly {@code tokens} rows of activations. */
  static byte[] of(ArmIsa isa, PanelFormat format, int tokens) {
    return switch (isa) {
      case DOTPROD -> new ArmProductCode(format, tokens).assemble();
    };
  }

  private byte[] assemble() {
    asm.enter(0);
    values.keepConstants();
    registers.argument(ArmRegisters.SCRATCH, ProductCode.SCRATCH);
    registers.argument(OUT_STRIDE, ProductCode.OUT_STRIDE);
    registers.argument(INIT_STRIDE, ProductCode.INIT_STRIDE);
    registers.argument(FIRST_DWORDS, ProductCode.WEIGHTS);
    registers.argument(OUT, ProductCode.OUT);
    registers.argument(INIT, ProductCode.INIT);
    registers.argument(PANELS, ProductCode.PANELS);
    Label panel = new Label();
    asm.bind(panel);
    asm.mov(FIRST_WORDS, FIRST_DWORDS);
    asm.mov(FIRST_BYTES, FIRST_DWORDS);
    asm.mov32(PASSES, QUARTERS / quarters);
    Label pass = new Label();
    asm.bind(pass);
    pass();
    asm.addImm(OUT, OUT, 16 * quarters);
    asm.addImm(INIT, INIT, 16 * quarters);
    asm.addImm(FIRST_DWORDS, FIRST_DWORDS, 16);
    asm.addImm(FIRST_WORDS, FIRST_WORDS, 8);
    asm.addImm(FIRST_BYTES, FIRST_BYTES, 4);
    asm.loop(PASSES, pass);
    asm.addImm(INIT, INIT, -64);
    registers.argument(T, ProductCode.INIT_STEP);
    asm.add(INIT, INIT, T);
    registers.argument(T, ProductCode.SKIP);
    asm.add(FIRST_DWORDS, ArmRegisters.DWORDS, T);
    asm.addImm(FIRST_DWORDS, FIRST_DWORDS, -16 * (QUARTERS - quarters));
    asm.loop(PANELS, panel);
    asm.leave(0);
    return asm.finish();
  }

  /** The quarters that are taken at once, from the first block of a panel to the last. */
  private void pass() {
    asm.mov(ArmRegisters.DWORDS, FIRST_DWORDS);
    asm.mov(ArmRegisters.WORDS, FIRST_WORDS);
    asm.mov(ArmRegisters.BYTES, FIRST_BYTES);
    registers.argument(X, ProductCode.INPUT);
    asm.addImm(X, X, MIDDLE);
    registers.argument(BLOCKS, ProductCode.BLOCKS);
    asm.mov(T, INIT);
    for (int t = 0; t < tokens; t++) {
      for (int q = 0; q < quarters; q++) {
        asm.load(Size.Q, total(t, q), T, 16 * q);
      }
      asm.add(T, T, INIT_STRIDE);
    }
    Label block = new Label();
    asm.bind(block);
    for (int q = 0; q < quarters; q++) {
      scales.block(q, value[0], value[1], value[2], value[3]);
    }
    for (int record = 0; record < format.records(); record++) {
      record(record);
    }
    asm.addImm(ArmRegisters.DWORDS, ArmRegisters.DWORDS, format.blockBytes());
    asm.addImm(ArmRegisters.WORDS, ArmRegisters.WORDS, format.blockBytes());
    asm.addImm(ArmRegisters.BYTES, ArmRegisters.BYTES, format.blockBytes());
    asm.loop(BLOCKS, block);
    asm.mov(T, OUT);
    for (int t = 0; t < tokens; t++) {
      for (int q = 0; q < quarters; q++) {
        asm.store(Size.Q, total(t, q), T, 16 * q);
      }
      asm.add(T, T, OUT_STRIDE);
    }
  }

  private int sum(int token, int quarter) {
    return sums[token * quarters + quarter];
  }

  private int total(int token, int quarter) {
    return totals[token * quarters + quarter];
  }

  private int disp(int token, int at) {
    return token * input.recordBytes() + at - MIDDLE;
  }

  /** 32 columns: their products, part by part. */
  private void record(int record) {
    int parts = InputFormat.VALUES / format.part();
    int quads = 8 / parts;
    for (int q = 0; q < quarters; q++) {
      values.lookUp(value[0], value[1], value[2], record, q);
    }
    for (int part = 0; part < parts; part++) {
      begin(part);
      for (int quad = part * quads; quad < (part + 1) * quads; quad += 4) {
        if (quarters == 1) {
          many(record, quad);
        } else {
          one(record, quad);
        }
      }
      for (int q = 0; q < quarters; q++) {
        finish(record * parts + part, part, q);
      }
    }
    asm.addImm(X, X, tokens * input.recordBytes());
  }

  private void begin(int part) {
    for (int t = 0; t < tokens; t++) {
      if (offset != 0) {
        asm.load(Size.S, active, X, disp(t, InputFormat.SUMS + 4 * part));
      }
      for (int q = 0; q < quarters; q++) {
        if (offset != 0) {
          asm.broadcast(sum(t, q), active, 0);
        } else {
          asm.splatByte(sum(t, q), 0);
        }
      }
    }
  }

  /** 16 columns of a quarter for all tokens. */
  private void many(int record, int quad) {
    for (int i = 0; i < 4; i++) {
      values.load(value[i], spare, other, record, quad + i, 0);
    }
    for (int t = 0; t < tokens; t++) {
      asm.load(Size.Q, active, X, disp(t, 4 * quad));
      for (int i = 0; i < 4; i++) {
        asm.element(Neon.SDOT_ELEMENT, sum(t, 0), value[i], active, i);
      }
    }
  }

  /** 16 columns of all quarters for one token. */
  private void one(int record, int quad) {
    asm.load(Size.Q, active, X, disp(0, 4 * quad));
    for (int i = 0; i < 4; i++) {
      values.ahead(record, quad + i);
      for (int q = 0; q < quarters; q++) {
        values.load(value[q], spare, other, record, quad + i, q);
        asm.element(Neon.SDOT_ELEMENT, sum(0, q), value[q], active, i);
      }
    }
  }

  /** Scales the sums of a part and adds them up. */
  private void finish(int step, int part, int quarter) {
    scales.scale(scale, spare, step, quarter);
    for (int t = 0; t < tokens; t++) {
      asm.load(Size.S, active, X, disp(t, InputFormat.SCALE));
      asm.element(Neon.FMUL_ELEMENT, spare, scale, active, 0);
      asm.op(Neon.SCVTF, sum(t, quarter), sum(t, quarter));
      asm.op(Neon.FMLA, total(t, quarter), sum(t, quarter), spare);
    }
    if (format.minimum() != 0) {
      scales.minimum(scale, step, quarter);
      Neon op = format.minimum() > 0 ? Neon.FMLA_ELEMENT : Neon.FMLS_ELEMENT;
      for (int t = 0; t < tokens; t++) {
        asm.load(Size.S, active, X, disp(t, InputFormat.SUMS + 4 * part));
        asm.element(op, total(t, quarter), scale, active, 0);
      }
    }
  }
}
