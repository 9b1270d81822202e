package dev.lamina.cpu.code;

import java.util.HashMap;
import java.util.Map;

/**
 * Emits {@code e^x} on vectors: {@code 2^n p(r)} with the polynomial of Cephes' {@code expf}, to
 * about one unit in the last place. What would be subnormal is 0, from {@code 127 ln 2} on the
 * result stays {@code 2^127}, and no number stays none.
 */
public final class Exponential {
  private static final float LOG2_E = 1.4426950408889634f;

  /** ln 2 in two parts, the first with few enough bits that {@code n * LN2_HIGH} is exact. */
  private static final float LN2_HIGH = 0.693359375f;

  private static final float LN2_LOW = -2.12194440e-4f;

  /** 1.5 * 2^23: adding it rounds to an integer, which then stands in the low bits. */
  private static final float ROUNDER = 12582912f;

  /** Where n becomes 127 or -127; the power of the latter is 0. */
  private static final float MOST = 127 * 0.6931472f;

  private static final float[] POLYNOMIAL = {
    1.9875691500e-4f,
    1.3981999507e-3f,
    8.3334519073e-3f,
    4.1665795894e-2f,
    1.6666665459e-1f,
    5.0000001201e-1f
  };

  private final Assembler asm;
  private final int bits;
  private final int n;
  private final int square;
  private final int bound;
  private final Map<Integer, Integer> constants = new HashMap<>();

  /**
   * @param first of {@link #registers} vector registers in a row that nothing else uses
   */
  public Exponential(Assembler asm, int bits, int first) {
    this.asm = asm;
    this.bits = bits;
    n = first;
    square = first + 1;
    bound = first + 2;
    if (bits == 512) {
      int next = first + 3;
      for (float value : POLYNOMIAL) {
        constants.put(word(value), next++);
      }
      for (float value : new float[] {LOG2_E, LN2_HIGH, LN2_LOW, ROUNDER, 1, MOST}) {
        constants.put(word(value), next++);
      }
      constants.put(127, next++);
    }
  }

  /** Registers that one takes: constants stay in them where there are enough. */
  public static int registers(int bits) {
    return 3 + (bits == 512 ? POLYNOMIAL.length + 7 : 0);
  }

  private static int word(float value) {
    return Float.floatToRawIntBits(value);
  }

  /** Loads the constants, once before any loop. */
  public void prepare() {
    constants.forEach((value, register) -> asm.op(Vop.VMOVUPS, bits, register, asm.splat(value)));
    asm.op(Vop.VMOVUPS, bits, bound, asm.splat(word(-MOST)));
  }

  /** {@code op target, first, value}, that in all lanes. */
  private void with(Vop op, int target, int first, int value) {
    Integer register = constants.get(value);
    if (register != null) {
      asm.op(op, bits, target, first, register);
    } else {
      asm.op(op, bits, target, first, asm.splat(value));
    }
  }

  private void with(Vop op, int target, int first, float value) {
    with(op, target, first, word(value));
  }

  /** {@code target = e^x}, {@code x <= 0}; spoils x. */
  public void ofNegative(int target, int x) {
    asm.op(Vop.VMAXPS, bits, x, bound, x); // of two that are not both numbers, the second
    with(Vop.VMULPS, n, x, LOG2_E);
    with(Vop.VADDPS, n, n, ROUNDER);
    with(Vop.VSUBPS, target, n, ROUNDER);
    with(Vop.VFNMADD231PS, x, target, LN2_HIGH);
    with(Vop.VFNMADD231PS, x, target, LN2_LOW);
    asm.op(Vop.VMULPS, bits, square, x, x);
    with(Vop.VMULPS, target, x, POLYNOMIAL[0]);
    with(Vop.VADDPS, target, target, POLYNOMIAL[1]);
    for (int i = 2; i < POLYNOMIAL.length; i++) {
      with(Vop.VFMADD213PS, target, x, POLYNOMIAL[i]);
    }
    asm.op(Vop.VFMADD213PS, bits, target, square, x);
    with(Vop.VADDPS, target, target, 1f);
    // the low bits of n, moved to the exponent
    with(Vop.VPADDD, n, n, 127);
    asm.opImm(Vop.VPSLLD, bits, n, n, 23);
    asm.op(Vop.VMULPS, bits, target, target, n);
  }

  /** {@code target = e^x}; spoils x. */
  public void of(int target, int x) {
    with(Vop.VMOVUPS, n, word(MOST));
    asm.op(Vop.VMINPS, bits, x, n, x);
    ofNegative(target, x);
  }

  private void with(Vop op, int target, int value) {
    Integer register = constants.get(value);
    if (register != null) {
      asm.op(op, bits, target, register);
    } else {
      asm.op(op, bits, target, asm.splat(value));
    }
  }
}
