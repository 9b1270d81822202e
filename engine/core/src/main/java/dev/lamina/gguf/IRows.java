package dev.lamina.gguf;

import static dev.lamina.gguf.Dequantizer.half;
import static dev.lamina.gguf.Dequantizer.u16;
import static dev.lamina.gguf.Dequantizer.u8;

import java.lang.foreign.MemorySegment;

/**
 * Decoding of the I-quants: vectors of 8 or 4 values are looked up in a {@link QuantTables grid},
 * signs are stored apart, and each run of 32 values (or half of it) has a small integer scale.
 * IQ4_NL and IQ4_XS look up single values.
 */
final class IRows {
  private static final int BLOCK = 256;
  private static final int RUNS = 8;

  private IRows() {}

  /** {@code f16 d, {u8 index[4], u7 signs[4], u4 scale} [8]}: d (scale + 1/2) / 4. */
  static void iq2xxs(MemorySegment src, long from, float[] dst, int to, int count) {
    long[] grid = QuantTables.Grids.IQ2_XXS;
    byte[] signs = QuantTables.SIGNS;
    for (int i = 0; i < count; i += BLOCK, from += 66) {
      float d = half(src, from);
      for (int run = 0; run < RUNS; run++) {
        int index = src.get(Cursor.INT, from + 2 + run * 8);
        int bits = src.get(Cursor.INT, from + 6 + run * 8);
        float dl = d * (0.5f + (bits >>> 28)) * 0.25f;
        for (int l = 0; l < 4; l++) {
          put8(
              dst,
              to + i + run * 32 + l * 8,
              dl,
              grid[index >>> 8 * l & 255],
              signs[bits >>> 7 * l & 127]);
        }
      }
    }
  }

  /** {@code f16 d, {u9 index, u7 signs} [32], u4 scale[16]}: d (scale + 1/2) / 4. */
  static void iq2xs(MemorySegment src, long from, float[] dst, int to, int count) {
    long[] grid = QuantTables.Grids.IQ2_XS;
    byte[] signs = QuantTables.SIGNS;
    for (int i = 0; i < count; i += BLOCK, from += 74) {
      float d = half(src, from);
      for (int run = 0; run < RUNS; run++) {
        int scale = u8(src, from + 66 + run);
        for (int l = 0; l < 4; l++) {
          float dl = d * (0.5f + (scale >> (l >> 1) * 4 & 15)) * 0.25f;
          int q = u16(src, from + 2 + run * 8 + l * 2);
          put8(dst, to + i + run * 32 + l * 8, dl, grid[q & 511], signs[q >> 9]);
        }
      }
    }
  }

  /**
   * {@code f16 d, u8 low index[32], u8 signs[32], u2 high index[32], u4 scale[16]}: d (scale + 1/2)
   * / 4.
   */
  static void iq2s(MemorySegment src, long from, float[] dst, int to, int count) {
    long[] grid = QuantTables.Grids.IQ2_S;
    for (int i = 0; i < count; i += BLOCK, from += 82) {
      float d = half(src, from);
      for (int run = 0; run < RUNS; run++) {
        int high = u8(src, from + 66 + run);
        int scale = u8(src, from + 74 + run);
        for (int l = 0; l < 4; l++) {
          float dl = d * (0.5f + (scale >> (l >> 1) * 4 & 15)) * 0.25f;
          int index = u8(src, from + 2 + run * 4 + l) | (high >> 2 * l & 3) << 8;
          int signs = u8(src, from + 34 + run * 4 + l);
          put8(dst, to + i + run * 32 + l * 8, dl, grid[index], signs);
        }
      }
    }
  }

  /** {@code f16 d, u8 index[64], {u7 signs[4], u4 scale} [8]}: d (scale + 1/2) / 2. */
  static void iq3xxs(MemorySegment src, long from, float[] dst, int to, int count) {
    int[] grid = QuantTables.Grids.IQ3_XXS;
    byte[] signs = QuantTables.SIGNS;
    for (int i = 0; i < count; i += BLOCK, from += 98) {
      float d = half(src, from);
      for (int run = 0; run < RUNS; run++) {
        int bits = src.get(Cursor.INT, from + 66 + run * 4);
        float dl = d * (0.5f + (bits >>> 28)) * 0.5f;
        for (int l = 0; l < 4; l++) {
          long index = from + 2 + run * 8 + l * 2;
          long vector = pair(grid[u8(src, index)], grid[u8(src, index + 1)]);
          put8(dst, to + i + run * 32 + l * 8, dl, vector, signs[bits >>> 7 * l & 127]);
        }
      }
    }
  }

  /**
   * {@code f16 d, u8 low index[64], u1 high index[64], u8 signs[32], u4 scale[8]}: d (2 scale + 1).
   */
  static void iq3s(MemorySegment src, long from, float[] dst, int to, int count) {
    int[] grid = QuantTables.Grids.IQ3_S;
    for (int i = 0; i < count; i += BLOCK, from += 110) {
      float d = half(src, from);
      for (int run = 0; run < RUNS; run++) {
        int scale = u8(src, from + 106 + (run >> 1)) >> (run & 1) * 4 & 15;
        float dl = d * (1 + 2 * scale);
        int high = u8(src, from + 66 + run);
        for (int l = 0; l < 4; l++) {
          long index = from + 2 + run * 8 + l * 2;
          int first = u8(src, index) | (high >> 2 * l & 1) << 8;
          int second = u8(src, index + 1) | (high >> 2 * l + 1 & 1) << 8;
          int signs = u8(src, from + 74 + run * 4 + l);
          put8(dst, to + i + run * 32 + l * 8, dl, pair(grid[first], grid[second]), signs);
        }
      }
    }
  }

  /**
   * {@code f16 d, u8 low index[32], {u3 high index[4], u3 scale, u1 sign of delta} [8]}: d (2 scale
   * + 1) (grid ± 1/8).
   */
  static void iq1s(MemorySegment src, long from, float[] dst, int to, int count) {
    long[] grid = QuantTables.Grids.IQ1_S;
    for (int i = 0; i < count; i += BLOCK, from += 50) {
      float d = half(src, from);
      for (int run = 0; run < RUNS; run++) {
        int bits = u16(src, from + 34 + run * 2);
        float dl = d * (2 * (bits >> 12 & 7) + 1);
        float delta = (bits & 0x8000) != 0 ? -QuantTables.IQ1_DELTA : QuantTables.IQ1_DELTA;
        for (int l = 0; l < 4; l++) {
          int index = u8(src, from + 2 + run * 4 + l) | (bits >> 3 * l & 7) << 8;
          shift8(dst, to + i + run * 32 + l * 8, dl, grid[index], delta);
        }
      }
    }
  }

  /**
   * {@code u8 low index[32], {u3 high index, u1 sign of delta} [32], {u3 scale[4], u4 of d} [4]}:
   * as IQ1_S; the float16 d is spread over the top bits of the four words of scales.
   */
  static void iq1m(MemorySegment src, long from, float[] dst, int to, int count) {
    long[] grid = QuantTables.Grids.IQ1_S;
    for (int i = 0; i < count; i += BLOCK, from += 56) {
      int spread = 0;
      for (int k = 0; k < 4; k++) {
        spread |= u16(src, from + 48 + 2 * k) >> 12 << 4 * k;
      }
      float d = Float.float16ToFloat((short) spread);
      for (int run = 0; run < RUNS; run++) {
        int scales = u16(src, from + 48 + (run >> 1) * 2) >> (run & 1) * 6;
        for (int l = 0; l < 4; l++) {
          float dl = d * (2 * (scales >> (l >> 1) * 3 & 7) + 1);
          int bits = u8(src, from + 32 + run * 2 + (l >> 1)) >> (l & 1) * 4;
          float delta = (bits & 8) != 0 ? -QuantTables.IQ1_DELTA : QuantTables.IQ1_DELTA;
          int index = u8(src, from + run * 4 + l) | (bits & 7) << 8;
          shift8(dst, to + i + run * 32 + l * 8, dl, grid[index], delta);
        }
      }
    }
  }

  /** {@code f16 d, u4 q[32]}, blocks of 32 as Q4_0's: d level[q]. */
  static void iq4nl(MemorySegment src, long from, float[] dst, int to, int count) {
    for (int i = 0; i < count; i += 32, from += 18) {
      levels16(src, from + 2, dst, to + i, half(src, from));
    }
  }

  /** {@code f16 d, u2 high scale[8], u4 low scale[8], u4 q[256]}: d (scale - 32) level[q]. */
  static void iq4xs(MemorySegment src, long from, float[] dst, int to, int count) {
    for (int i = 0; i < count; i += BLOCK, from += 136) {
      float d = half(src, from);
      int high = u16(src, from + 2);
      for (int run = 0; run < RUNS; run++) {
        int low = u8(src, from + 4 + (run >> 1)) >> (run & 1) * 4 & 15;
        float dl = d * ((low | (high >> 2 * run & 3) << 4) - 32);
        levels16(src, from + 8 + run * 16, dst, to + i + run * 32, dl);
      }
    }
  }

  private static void levels16(MemorySegment src, long from, float[] dst, int to, float d) {
    byte[] levels = QuantTables.IQ4_NL;
    for (int j = 0; j < 16; j++) {
      int q = u8(src, from + j);
      dst[to + j] = d * levels[q & 15];
      dst[to + j + 16] = d * levels[q >> 4];
    }
  }

  private static long pair(int first, int second) {
    return first & 0xFFFFFFFFL | (long) second << 32;
  }

  private static void put8(float[] dst, int to, float d, long magnitudes, int signs) {
    for (int j = 0; j < 8; j++) {
      float value = d * (magnitudes >>> 8 * j & 255);
      dst[to + j] = (signs >> j & 1) != 0 ? -value : value;
    }
  }

  private static void shift8(float[] dst, int to, float d, long vector, float delta) {
    for (int j = 0; j < 8; j++) {
      dst[to + j] = d * ((byte) (vector >>> 8 * j) + delta);
    }
  }
}
