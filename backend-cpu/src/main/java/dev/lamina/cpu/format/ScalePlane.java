package dev.lamina.cpu.format;

import dev.lamina.cpu.simd.Simd;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * The scales of a block, one for each run of values, spread over lanes: a vector for every group of
 * {@link Lanes}. Kernels do this for a whole row beforehand, so that the product itself is nothing
 * but shifts and multiply-adds.
 */
final class ScalePlane {
  private final int groups;
  private final int[] index;

  /**
   * @param groups groups in a block
   * @param run values that share a scale
   */
  ScalePlane(Lanes order, int groups, int run) {
    this.groups = groups;
    index = new int[groups * Simd.LANES];
    for (int i = 0; i < index.length; i++) {
      index[i] = order.firstValue(i / Simd.LANES, i % Simd.LANES) / run;
    }
    // laid out for IntVector.selectFrom with 16 lanes, for plain look-ups else
    if (Simd.LANES < 16) {
      Arrays.setAll(index, i -> 4 * index[i]);
    }
  }

  /** Bytes of the vectors of a block. */
  int bytes() {
    return groups * Simd.BYTES;
  }

  /** 16 scales that are signed bytes, times {@code d}. */
  void signedBytes(long scales, float d, long target) {
    if (Simd.LANES == 16) {
      spread(Simd.toFloat(Simd.loadBytes(scales)).mul(d), target);
      return;
    }
    for (int i = 0; i < groups * Simd.LANES; i++) {
      Simd.storeFloat(target + 4L * i, d * Simd.ALL.get(Simd.BYTE, scales + index[i] / 4));
    }
  }

  /** 16 scales in the low halves of bytes, times {@code d}. */
  void nibbles(long scales, float d, long target) {
    for (int i = 0; i < groups * Simd.LANES; i++) {
      Simd.storeFloat(target + 4L * i, d * (Simd.ALL.get(Simd.BYTE, scales + index[i] / 4) & 15));
    }
  }

  /** The first scales of {@code bytes} (8 bits each, unsigned), times {@code d}. */
  void bytes(long bytes, float d, long target) {
    if (Simd.LANES == 16) {
      spread(Simd.bytesOf(bytes).mul(d), target);
      return;
    }
    for (int i = 0; i < groups * Simd.LANES; i++) {
      Simd.storeFloat(target + 4L * i, d * (bytes >>> 2 * index[i] & 255));
    }
  }

  /** Spreads a vector of scales (16 lanes). */
  void spread(FloatVector scales, long target) {
    IntVector bits = scales.reinterpretAsInts();
    for (int g = 0; g < groups; g++) {
      IntVector.fromArray(Simd.I, index, g * Simd.LANES)
          .selectFrom(bits)
          .intoMemorySegment(Simd.ALL, target + (long) g * Simd.BYTES & Simd.ADDRESS, Simd.ORDER);
    }
  }
}
