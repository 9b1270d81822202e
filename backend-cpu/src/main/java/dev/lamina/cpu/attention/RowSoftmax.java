package dev.lamina.cpu.attention;

import dev.lamina.cpu.code.Assembler;
import dev.lamina.cpu.code.Mem;
import dev.lamina.cpu.code.Vop;
import java.util.ArrayList;
import java.util.List;

/**
 * Emits the running softmax of rows of scores to the base 2, with vectors of 512 bits: weights
 * {@code 2^(score - greatest)} go to tiles, split to three bfloat16 numbers that they are the sum
 * of exactly, and sums of before are brought under the new maximum. A score of minus infinity gets
 * the weight 0, and so does one below the greatest by 96 or more.
 *
 * @param asm where to
 * @param scores register with the address of a row's scores
 * @param weights register with that of its line in the first tile of weights
 * @param state register with that of its greatest score
 * @param totals register with that of its sums of weights, of which there are 16
 * @param sums register with that of its sums of values
 * @param limits register with that of two addresses of what scores must not exceed
 * @param spare register to spoil
 */
record RowSoftmax(
    Assembler asm,
    int scores,
    int weights,
    int state,
    int totals,
    int sums,
    int limits,
    int spare) {
  /** Bytes from row to row of scores: not a power of two, which would share cache sets. */
  static final int SCORE_STRIDE = 4 * 128 + 64;

  private static final int BITS = 512;
  private static final int LANES = 16;

  /** {@code (2^x - 1) / x} for x from 0 to 1, to {@code 2e-9 * 2^x / x}. */
  private static final float[] POLYNOMIAL = {
    2.161297356316899e-4f,
    1.2467826130964138e-3f,
    9.675454240609746e-3f,
    5.5485278981332875e-2f,
    2.4022930600622228e-1f,
    6.931470443997005e-1f,
    1
  };

  /**
   * Scores that are less than the greatest by as much get no weight: {@code 2^LEAST} is taken off
   * all weights, so that neither they nor the numbers they are split to are subnormal, which would
   * take the processor a hundred times as long.
   */
  private static final float LEAST = -96;

  /** {@code VREDUCEPS}: what remains of a whole number below, and no exceptions. */
  private static final int BELOW = 9;

  private static final int HIGH_HALF = 0xffff0000;

  // vector registers, behind those of a row's scores
  private static final int MOST = 8;
  private static final int FACTOR = 9;
  private static final int TOTAL = 10;
  private static final int[] SPARE = {11, 12, 13, 14};
  private static final int MASK = 15;
  private static final int LEAST_SCORE = 16;
  private static final int LEAST_WEIGHT = 17;
  private static final int CONSTANTS = 18;

  /** Loads the constants, once before all rows. */
  void prepare() {
    asm.op(Vop.VMOVUPS, BITS, MASK, asm.splat(HIGH_HALF));
    asm.op(Vop.VMOVUPS, BITS, LEAST_SCORE, asm.splat(Float.floatToRawIntBits(LEAST)));
    int weight = Float.floatToRawIntBits((float) Math.scalb(1.0, (int) LEAST));
    asm.op(Vop.VMOVUPS, BITS, LEAST_WEIGHT, asm.splat(weight));
    for (int i = 0; i < POLYNOMIAL.length; i++) {
      int word = Float.floatToRawIntBits(POLYNOMIAL[i]);
      asm.op(Vop.VMOVUPS, BITS, CONSTANTS + i, asm.splat(word));
    }
  }

  /**
   * The instructions for one row, and to go on to the next, one by one.
   *
   * @param blocks of 32 positions, at most 4
   * @param limited whether scores have limits
   * @param dim sums of a row, a multiple of 16
   */
  List<Runnable> row(int blocks, boolean limited, int dim) {
    List<Runnable> ops = new ArrayList<>();
    int vectors = 2 * blocks;
    for (int i = 0; i < vectors; i++) {
      int x = i;
      ops.add(() -> asm.op(Vop.VMOVUPS, BITS, x, Mem.at(scores, 64 * x)));
    }
    for (int side = 0; limited && side < 2; side++) {
      int at = 8 * side;
      ops.add(() -> asm.load(spare, Mem.at(limits, at)));
      for (int i = 0; i < vectors; i++) {
        int x = i;
        ops.add(() -> asm.op(Vop.VMINPS, BITS, x, x, Mem.at(spare, 64 * x)));
      }
    }
    greatest(ops, vectors);
    exponential(ops, FACTOR, FACTOR, SPARE[0]);
    for (int d = 0; d < dim; d += LANES) {
      int to = SPARE[d / LANES % SPARE.length];
      int at = 4 * d;
      ops.add(() -> asm.op(Vop.VMULPS, BITS, to, FACTOR, Mem.at(sums, at)));
      ops.add(() -> asm.op(Vop.VMOVUPS_STORE, BITS, to, Mem.at(sums, at)));
    }
    ops.add(() -> asm.op(Vop.VMULPS, BITS, TOTAL, FACTOR, Mem.at(totals, 0)));
    for (int i = 0; i < vectors; i++) {
      int x = i;
      ops.add(() -> asm.op(Vop.VSUBPS, BITS, x, x, MOST));
      exponential(ops, x, x, SPARE[i % SPARE.length]);
      ops.add(() -> asm.op(Vop.VADDPS, BITS, TOTAL, TOTAL, x));
      if (i % 2 == 1) {
        split(ops, i / 2);
      }
    }
    ops.add(() -> asm.op(Vop.VMOVUPS_STORE, BITS, TOTAL, Mem.at(totals, 0)));
    ops.add(() -> asm.addImm(scores, SCORE_STRIDE));
    ops.add(() -> asm.addImm(weights, 64));
    ops.add(() -> asm.addImm(state, 4));
    ops.add(() -> asm.addImm(totals, 64));
    ops.add(() -> asm.addImm(sums, 4 * dim));
    if (limited) {
      ops.add(() -> asm.addImm(limits, 16));
    }
    return ops;
  }

  /** The new maximum, stored, and what the old one is less, in FACTOR. */
  private void greatest(List<Runnable> ops, int vectors) {
    ops.add(() -> asm.op(Vop.VPBROADCASTD, BITS, FACTOR, Mem.at(state, 0)));
    ops.add(() -> asm.op(Vop.VMAXPS, BITS, MOST, 0, 1));
    ops.add(() -> asm.op(Vop.VMAXPS, BITS, SPARE[0], FACTOR, vectors > 2 ? 2 : 1));
    for (int i = 3; i < vectors; i++) {
      int x = i;
      int to = i % 2 == 0 ? SPARE[0] : MOST;
      ops.add(() -> asm.op(Vop.VMAXPS, BITS, to, to, x));
    }
    ops.add(() -> asm.op(Vop.VMAXPS, BITS, MOST, MOST, SPARE[0]));
    ops.add(() -> asm.opImm(Vop.VEXTRACTI32X8, BITS, MOST, SPARE[0], 1));
    ops.add(() -> asm.op(Vop.VMAXPS, 256, MOST, MOST, SPARE[0]));
    ops.add(() -> asm.opImm(Vop.VEXTRACTI128, 256, MOST, SPARE[0], 1));
    ops.add(() -> asm.op(Vop.VMAXPS, 128, MOST, MOST, SPARE[0]));
    ops.add(() -> asm.opImm(Vop.VPSHUFD, 128, SPARE[0], MOST, 0b01001110));
    ops.add(() -> asm.op(Vop.VMAXPS, 128, MOST, MOST, SPARE[0]));
    ops.add(() -> asm.opImm(Vop.VPSHUFD, 128, SPARE[0], MOST, 0b10110001));
    ops.add(() -> asm.op(Vop.VMAXPS, 128, MOST, MOST, SPARE[0]));
    ops.add(() -> asm.op(Vop.VPBROADCASTD, BITS, MOST, MOST));
    ops.add(() -> asm.op(Vop.VMOVSS_STORE, 128, MOST, Mem.at(state, 0)));
    ops.add(() -> asm.op(Vop.VSUBPS, BITS, FACTOR, FACTOR, MOST));
  }

  /** {@code target = 2^x}, {@code x <= 0}; spoils x. */
  private void exponential(List<Runnable> ops, int target, int x, int rest) {
    int power = SPARE[(rest - SPARE[0] + 1) % SPARE.length];
    // of two that are not both numbers, the second
    ops.add(() -> asm.op(Vop.VMAXPS, BITS, x, LEAST_SCORE, x));
    ops.add(() -> asm.opImm(Vop.VREDUCEPS, BITS, rest, x, BELOW));
    ops.add(() -> asm.op(Vop.VMOVUPS, BITS, power, CONSTANTS));
    for (int i = 1; i < POLYNOMIAL.length; i++) {
      int constant = CONSTANTS + i;
      ops.add(() -> asm.op(Vop.VFMADD213PS, BITS, power, rest, constant));
    }
    ops.add(() -> asm.op(Vop.VSCALEFPS, BITS, target, power, x));
    ops.add(() -> asm.op(Vop.VSUBPS, BITS, target, target, LEAST_WEIGHT));
  }

  /** Two vectors of weights: the first in the low halves of dwords. */
  private void split(List<Runnable> ops, int block) {
    int x = 2 * block;
    int y = x + 1;
    int low = SPARE[2];
    int high = SPARE[3];
    for (int n = 0; n < TileProducts.ROW_SPLITS; n++) {
      int at = (block * TileProducts.ROW_SPLITS + n) * TileProducts.NUMBER_BYTES;
      if (n < TileProducts.ROW_SPLITS - 1) {
        ops.add(() -> asm.op(Vop.VPAND, BITS, low, x, MASK));
        ops.add(() -> asm.op(Vop.VPAND, BITS, high, y, MASK));
        ops.add(() -> asm.op(Vop.VSUBPS, BITS, x, x, low));
        ops.add(() -> asm.op(Vop.VSUBPS, BITS, y, y, high));
        ops.add(() -> asm.opImm(Vop.VPSRLD, BITS, low, low, 16));
        ops.add(() -> asm.op(Vop.VPOR, BITS, low, low, high));
      } else {
        // eight bits are left of each
        ops.add(() -> asm.opImm(Vop.VPSRLD, BITS, low, x, 16));
        ops.add(() -> asm.op(Vop.VPOR, BITS, low, low, y));
      }
      ops.add(() -> asm.op(Vop.VMOVUPS_STORE, BITS, low, Mem.at(weights, at)));
    }
  }
}
