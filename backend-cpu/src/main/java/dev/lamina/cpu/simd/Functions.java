package dev.lamina.cpu.simd;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** Elementary functions on vectors, to about one unit in the last place of float32. */
public final class Functions {
  private static final float LOG2_E = 1.4426950408889634f;

  /** ln 2 in two parts, the first with few enough bits that {@code n * LN2_HIGH} is exact. */
  private static final float LN2_HIGH = 0.693359375f;

  private static final float LN2_LOW = -2.12194440e-4f;

  /** 1.5 * 2^23: adding it rounds to an integer, which then stands in the low bits. */
  private static final float ROUNDER = 12582912f;

  private Functions() {}

  /** {@code e^x}; 0 below -87.3, and no more than {@code e^88.3}. */
  public static FloatVector exp(FloatVector x) {
    FloatVector clamped = x.min(88.3f).max(-87.3f);
    FloatVector shifted = clamped.fma(splat(LOG2_E), splat(ROUNDER));
    FloatVector p = mantissa(clamped, shifted);
    // the low bits of the shifted value hold n: move them into the exponent
    IntVector exponent = shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
    FloatVector value = p.reinterpretAsInts().add(exponent).reinterpretAsFloats();
    return value.blend(0f, x.compare(VectorOperators.LT, -87.3f));
  }

  /** {@code e^x} for {@code x <= 0}, down to the least subnormal. */
  private static FloatVector expToSubnormal(FloatVector x) {
    FloatVector clamped = x.max(-104f);
    FloatVector shifted = clamped.fma(splat(LOG2_E), splat(ROUNDER));
    FloatVector p = mantissa(clamped, shifted);
    // in two factors, as the exponent of one does not reach that far
    IntVector n = shifted.reinterpretAsInts().sub(Float.floatToRawIntBits(ROUNDER));
    IntVector half = n.lanewise(VectorOperators.ASHR, 1);
    return p.mul(power(half)).mul(power(n.sub(half)));
  }

  private static FloatVector power(IntVector n) {
    return n.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
  }

  /** {@code e^x / 2^n}, with {@code n + ROUNDER} given; the polynomial of Cephes' {@code expf}. */
  private static FloatVector mantissa(FloatVector x, FloatVector shifted) {
    FloatVector n = shifted.sub(ROUNDER);
    FloatVector r = n.fma(splat(-LN2_HIGH), x);
    r = n.fma(splat(-LN2_LOW), r);
    FloatVector p = r.fma(splat(1.9875691500e-4f), splat(1.3981999507e-3f));
    p = p.fma(r, splat(8.3334519073e-3f));
    p = p.fma(r, splat(4.1665795894e-2f));
    p = p.fma(r, splat(1.6666665459e-1f));
    p = p.fma(r, splat(5.0000001201e-1f));
    return p.fma(r.mul(r), r).add(1f);
  }

  /** {@code 1 / (1 + e^-x)}, with small results as exact as large ones. */
  public static FloatVector sigmoid(FloatVector x) {
    FloatVector e = expToSubnormal(x.abs().neg());
    FloatVector one = splat(1f);
    return one.blend(e, x.compare(VectorOperators.LT, 0f)).div(e.add(one));
  }

  /** Hyperbolic tangent; near 0 by its series, where {@code 1 - 2 / (e^2x + 1)} loses digits. */
  public static FloatVector tanh(FloatVector x) {
    FloatVector far = splat(1f).sub(splat(2f).div(exp(x.add(x)).add(1f)));
    VectorMask<Float> small = x.abs().compare(VectorOperators.LT, 0.3f);
    return far.blend(series(x, x.mul(x)), small);
  }

  /** {@code x - x^3/3 + 2x^5/15 - 17x^7/315 + 62x^9/2835}, good to 1e-8 below 0.3. */
  private static FloatVector series(FloatVector x, FloatVector s) {
    FloatVector p = s.fma(splat(62f / 2835), splat(-17f / 315));
    p = p.fma(s, splat(2f / 15));
    p = p.fma(s, splat(-1f / 3));
    return p.mul(s).fma(x, x);
  }

  private static FloatVector splat(float value) {
    return FloatVector.broadcast(Simd.F, value);
  }
}
