package dev.lamina.cpu.panel;

import dev.lamina.cpu.code.ArmAssembler;
import dev.lamina.cpu.code.ArmAssembler.Size;
import dev.lamina.cpu.code.Label;
import dev.lamina.cpu.code.Neon;

/**
 * Assembles the repacking of 16 rows to a panel for AArch64. The arguments are those of {@link
 * RepackCode}, the panels too, but that bytes of values stay signed. Every row has a general
 * register with its address.
 */
final class ArmRepackCode {
  private static final int ROWS = PanelFormat.ROWS;

  // general registers; rows have x3 to x17 and x19
  private static final int ARGUMENTS = 0;
  private static final int TARGET = 1;
  private static final int BLOCKS = 2;
  private static final int SOURCE = 20;

  // vector registers
  private static final int[] GATHERED = {0, 1, 2, 3};
  private static final int[] PUT = {4, 5, 6, 7};
  private static final int[] ONE = {16, 17, 18};
  private static final int T = 19;
  private static final int MASK = 20;

  private final PanelFormat format;
  private final ArmAssembler asm = new ArmAssembler();

  private ArmRepackCode(PanelFormat format) {
    this.format = format;
  }

  static byte[] of(PanelFormat format) {
    return new ArmRepackCode(format).assemble();
  }

  private static int row(int r) {
    return r < 15 ? 3 + r : 19;
  }

  private byte[] assemble() {
    asm.enter(2);
    asm.load(Size.X, TARGET, ARGUMENTS, RepackCode.TARGET);
    asm.load(Size.X, BLOCKS, ARGUMENTS, RepackCode.BLOCKS);
    asm.load(Size.X, SOURCE, ARGUMENTS, RepackCode.SOURCE);
    for (int r = 0; r < ROWS; r++) {
      asm.load(Size.W, row(r), ARGUMENTS, RepackCode.ROWS + 4 * r);
      asm.add(row(r), row(r), SOURCE);
    }
    Label block = new Label();
    asm.bind(block);
    format.moves().forEach(this::move);
    for (int r = 0; r < ROWS; r++) {
      asm.addImm(row(r), row(r), format.rowBlockBytes());
    }
    asm.addImm(TARGET, TARGET, format.blockBytes());
    asm.loop(BLOCKS, block);
    asm.leave(2);
    return asm.finish();
  }

  private void move(Move move) {
    switch (move) {
      // flipped are signs alone, so that values are unsigned
      case Move.Dwords m -> {
        gather(m.source());
        store(GATHERED, m.target());
      }
      case Move.Bits m -> {
        gather(m.source());
        transpose(GATHERED);
        store(GATHERED, m.target());
      }
      case Move.Parts m -> parts(m);
      case Move.Words m -> {
        gatherEnd(m.source(), 2);
        storeWords(GATHERED, m.target());
      }
      case Move.Bytes m -> {
        gatherEnd(m.source(), 1);
        words(GATHERED);
        asm.op(Neon.UZP1_16B, T, GATHERED[0], GATHERED[2]);
        asm.store(Size.Q, T, TARGET, m.target());
      }
    }
  }

  private void parts(Move.Parts move) {
    int source = -1;
    for (int i = 0; i < move.parts().size(); i++) {
      Move.Part part = move.parts().get(i);
      if (part.source() != source) {
        source = part.source();
        gather(source);
      }
      asm.splat(MASK, part.mask());
      for (int q = 0; q < 4; q++) {
        int to = i == 0 ? PUT[q] : T;
        asm.op(Neon.AND, to, GATHERED[q], MASK);
        if (part.right() != 0) {
          Neon op = part.right() > 0 ? Neon.USHR_4S : Neon.SHL_4S;
          asm.shift(op, to, to, Math.abs(part.right()));
        }
        if (i > 0) {
          asm.op(Neon.ORR, PUT[q], PUT[q], T);
        }
      }
    }
    switch (move.shape()) {
      case LINE -> store(PUT, move.target());
      case TRANSPOSED -> {
        transpose(PUT);
        store(PUT, move.target());
      }
      case WORDS -> storeWords(PUT, move.target());
    }
  }

  private void gather(int source) {
    for (int r = 0; r < ROWS; r++) {
      int to = r % 4 == 0 ? GATHERED[r / 4] : ONE[r % 4 - 1];
      asm.load(Size.S, to, row(r), source);
      if (r % 4 != 0) {
        asm.insert(GATHERED[r / 4], r % 4, to);
      }
    }
  }

  /** Gathers the last bytes of a block, not to read behind it; the others become zero. */
  private void gatherEnd(int source, int bytes) {
    int over = Math.max(0, source + 4 - format.rowBlockBytes());
    gather(source - over);
    for (int register : GATHERED) {
      asm.shift(Neon.SHL_4S, register, register, 8 * (4 - bytes - over));
      asm.shift(Neon.USHR_4S, register, register, 8 * (4 - bytes));
    }
  }

  /** The low halves of dwords, as words of the first and the third register. */
  private void words(int[] from) {
    asm.op(Neon.UZP1_8H, from[0], from[0], from[1]);
    asm.op(Neon.UZP1_8H, from[2], from[2], from[3]);
  }

  private void storeWords(int[] from, int target) {
    words(from);
    asm.store(Size.Q, from[0], TARGET, target);
    asm.store(Size.Q, from[2], TARGET, target + 16);
  }

  private void store(int[] from, int target) {
    for (int q = 0; q < 4; q++) {
      asm.store(Size.Q, from[q], TARGET, target + 16 * q);
    }
  }

  /** As {@link RepackCode} does it: bit {@code 4 j + i} to {@code 8 i + j}. */
  private void transpose(int[] registers) {
    exchange(registers, 0, 2);
    exchange(registers, 1, 3);
    exchange(registers, 3, 4);
    exchange(registers, 2, 3);
  }

  private void exchange(int[] registers, int low, int high) {
    asm.splat(MASK, RepackCode.exchanged(low, high));
    int distance = (1 << high) - (1 << low);
    for (int register : registers) {
      asm.shift(Neon.USHR_4S, T, register, distance);
      asm.op(Neon.EOR, T, T, register);
      asm.op(Neon.AND, T, T, MASK);
      asm.op(Neon.EOR, register, register, T);
      asm.shift(Neon.SHL_4S, T, T, distance);
      asm.op(Neon.EOR, register, register, T);
    }
  }
}
