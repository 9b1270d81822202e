package dev.lamina.cpu.format;

import dev.lamina.cpu.simd.Simd;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The 8 scales and 8 minima of 6 bits that Q4_K and Q5_K keep in 12 bytes: the first four of each
 * in the low 6 bits of bytes 0-3 and 4-7; of the last four the low halves in bytes 8-11 and the top
 * 2 bits in the tops of bytes 0-7 (ggml's {@code get_scale_min_k4}). Both come out as 8 bytes in a
 * long.
 */
final class KScales {
  private KScales() {}

  static long scales(long at) {
    int a = Simd.ALL.get(Simd.INT, at);
    int c = Simd.ALL.get(Simd.INT, at + 8);
    int high = c & 0x0f0f0f0f | (a & 0xc0c0c0c0) >>> 2;
    return a & 0x3f3f3f3fL | (long) high << 32;
  }

  static long mins(long at) {
    int b = Simd.ALL.get(Simd.INT, at + 4);
    int c = Simd.ALL.get(Simd.INT, at + 8);
    int high = c >>> 4 & 0x0f0f0f0f | (b & 0xc0c0c0c0) >>> 2;
    return b & 0x3f3f3f3fL | (long) high << 32;
  }

  /**
   * Spreads the scales of a row of Q4_K or Q5_K.
   *
   * @param blockBytes bytes of a super-block, which begins with the two float16 scales
   * @param factor of all scales
   * @param sums address of the sums of the first block's input, others {@code input.blockBytes()}
   *     on
   * @return what the minima take away
   */
  static float expand(
      ScalePlane plane,
      long w,
      int blockBytes,
      float factor,
      int cols,
      long sums,
      Lanes input,
      long target) {
    FloatVector below = FloatVector.zero(Simd.F);
    for (int b = 0; b < cols / 256; b++) {
      long block = w + (long) b * blockBytes & Simd.ADDRESS;
      long sum = sums + (long) b * input.blockBytes() & Simd.ADDRESS;
      plane.bytes(
          scales(block + 4),
          factor * Simd.loadHalf(block),
          target + (long) b * plane.bytes() & Simd.ADDRESS);
      float min = Simd.loadHalf(block + 2);
      long m = mins(block + 4);
      below = Simd.bytesOf(m).mul(min).fma(Simd.load(sum), below);
      if (Simd.LANES == 4) {
        below = Simd.bytesOf(m >>> 32).mul(min).fma(Simd.load(sum + 16), below);
      }
    }
    return below.reduceLanes(VectorOperators.ADD);
  }
}
