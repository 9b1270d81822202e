package dev.lamina.cpu.code;

/**
 * Emits the splitting of float32 numbers to bfloat16 ones whose sum they are: each the nearest to
 * what those before leave, the last cut off, where nothing is left to cut. What is no number stays
 * none in the last one; what is infinite, or rounds to it, from 3.39e38 on, becomes none.
 */
public final class Splitting {
  private static final int HIGH_HALF = 0xffff0000;
  private static final int HALF_OF_LAST_BIT = 0x8000;

  private final Assembler asm;
  private final int bits;
  private final int mask;
  private final int half;

  /**
   * Loads two constants.
   *
   * @param mask vector register to keep one in
   * @param half vector register to keep the other in
   */
  public Splitting(Assembler asm, int bits, int mask, int half) {
    this.asm = asm;
    this.bits = bits;
    this.mask = mask;
    this.half = half;
    asm.op(Vop.VMOVUPS, bits, mask, asm.splat(HIGH_HALF));
    asm.op(Vop.VMOVUPS, bits, half, asm.splat(HALF_OF_LAST_BIT));
  }

  /** Takes a number off: {@code target} is it, in the high halves of dwords, {@code rest} less. */
  public void take(int target, int rest, boolean last) {
    if (last) {
      asm.op(Vop.VPAND, bits, target, rest, mask);
    } else {
      asm.op(Vop.VPADDD, bits, target, rest, half);
      asm.op(Vop.VPAND, bits, target, target, mask);
      asm.op(Vop.VSUBPS, bits, rest, rest, target);
    }
  }
}
