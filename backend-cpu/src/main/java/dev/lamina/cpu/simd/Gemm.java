package dev.lamina.cpu.simd;

import static dev.lamina.cpu.simd.Simd.ADDRESS;
import static dev.lamina.cpu.simd.Simd.ALL;
import static dev.lamina.cpu.simd.Simd.BYTES;
import static dev.lamina.cpu.simd.Simd.F;
import static dev.lamina.cpu.simd.Simd.FLOAT;
import static dev.lamina.cpu.simd.Simd.LANES;
import static dev.lamina.cpu.simd.Simd.ORDER;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import jdk.incubator.vector.FloatVector;

/**
 * The register-blocked float32 matrix product: {@code C[m][n] += A[m][k] * B[k][n]}, where rows of
 * A are broadcast value by value and rows of B are vectors. The result of a tile of {@link #ROWS} x
 * {@code 4 * LANES} stays in registers over a run of k, so that a step of k needs 8 loads for 16
 * multiply-adds.
 *
 * <p>The tiles call the Vector API itself and not {@link Simd}'s helpers: the JIT compiler stops
 * inlining methods that are not the platform's own when a method has grown large.
 */
public final class Gemm {
  /** Rows of A in a tile. */
  public static final int ROWS = 4;

  /** Columns of B in the widest tile. */
  public static final int COLS = 4 * LANES;

  /** Bytes from one row of B to the next. */
  private static final long STEP = 4L * COLS;

  /** A mask that changes no index, but shows the compiler its bounds before it looks at loops. */
  private static final int INDEX = 0xffff;

  /** Steps of k for which the columns of a tile stay in the first-level cache. */
  private static final int DEPTH = 128;

  private Gemm() {}

  /** Rounds up to whole tiles of rows. */
  public static int padRows(int m) {
    return (m + ROWS - 1) / ROWS * ROWS;
  }

  /** Rounds up to whole vectors. */
  public static int padCols(int n) {
    return (n + LANES - 1) / LANES * LANES;
  }

  /**
   * {@code C += A * B}. Strides are in bytes; that of B is {@link #COLS} floats.
   *
   * @param m rows of A and C; both must be allocated up to {@link #padRows}, what is there beyond
   *     does not matter
   * @param n columns of B and C, at most {@link #COLS}, a multiple of {@link Simd#LANES}
   */
  public static void multiply(long a, long lda, long b, long c, long ldc, int m, int n, int k) {
    for (int from = 0; from < k; from += DEPTH) {
      int depth = Math.min(DEPTH, k - from);
      long af = a + 4L * from;
      long bf = b + from * STEP;
      int j = 0;
      if (n == COLS) {
        for (int i = 0; i < m; i += ROWS) {
          tile4(af + i * lda, lda, bf, c + i * ldc, ldc, depth);
        }
        continue;
      }
      if (n >= 2 * LANES) {
        for (int i = 0; i < m; i += ROWS) {
          tile2(af + i * lda, lda, bf, c + i * ldc, ldc, depth);
        }
        j = 2 * LANES;
      }
      if (j < n) {
        for (int i = 0; i < m; i += ROWS) {
          tile1(af + i * lda, lda, bf + 4L * j, c + i * ldc + 4L * j, ldc, depth);
        }
      }
    }
  }

  private static void tile4(long a, long lda, long b, long c, long ldc, int k) {
    long columns = b & ADDRESS;
    long a0 = a & ADDRESS;
    long a1 = a + lda & ADDRESS;
    long a2 = a + 2 * lda & ADDRESS;
    long a3 = a + 3 * lda & ADDRESS;
    long c0 = c & ADDRESS;
    long c1 = c + ldc & ADDRESS;
    long c2 = c + 2 * ldc & ADDRESS;
    long c3 = c + 3 * ldc & ADDRESS;
    FloatVector s00 = fromMemorySegment(F, ALL, c0, ORDER);
    FloatVector s01 = fromMemorySegment(F, ALL, c0 + BYTES, ORDER);
    FloatVector s02 = fromMemorySegment(F, ALL, c0 + 2 * BYTES, ORDER);
    FloatVector s03 = fromMemorySegment(F, ALL, c0 + 3 * BYTES, ORDER);
    FloatVector s10 = fromMemorySegment(F, ALL, c1, ORDER);
    FloatVector s11 = fromMemorySegment(F, ALL, c1 + BYTES, ORDER);
    FloatVector s12 = fromMemorySegment(F, ALL, c1 + 2 * BYTES, ORDER);
    FloatVector s13 = fromMemorySegment(F, ALL, c1 + 3 * BYTES, ORDER);
    FloatVector s20 = fromMemorySegment(F, ALL, c2, ORDER);
    FloatVector s21 = fromMemorySegment(F, ALL, c2 + BYTES, ORDER);
    FloatVector s22 = fromMemorySegment(F, ALL, c2 + 2 * BYTES, ORDER);
    FloatVector s23 = fromMemorySegment(F, ALL, c2 + 3 * BYTES, ORDER);
    FloatVector s30 = fromMemorySegment(F, ALL, c3, ORDER);
    FloatVector s31 = fromMemorySegment(F, ALL, c3 + BYTES, ORDER);
    FloatVector s32 = fromMemorySegment(F, ALL, c3 + 2 * BYTES, ORDER);
    FloatVector s33 = fromMemorySegment(F, ALL, c3 + 3 * BYTES, ORDER);
    for (int i = 0; i < k; i++) {
      long at = i & INDEX;
      long row = columns + at * STEP;
      FloatVector b0 = fromMemorySegment(F, ALL, row, ORDER);
      FloatVector b1 = fromMemorySegment(F, ALL, row + BYTES, ORDER);
      FloatVector b2 = fromMemorySegment(F, ALL, row + 2 * BYTES, ORDER);
      FloatVector b3 = fromMemorySegment(F, ALL, row + 3 * BYTES, ORDER);
      FloatVector x0 = broadcast(F, ALL.get(FLOAT, a0 + 4 * at));
      s00 = x0.fma(b0, s00);
      s01 = x0.fma(b1, s01);
      s02 = x0.fma(b2, s02);
      s03 = x0.fma(b3, s03);
      FloatVector x1 = broadcast(F, ALL.get(FLOAT, a1 + 4 * at));
      s10 = x1.fma(b0, s10);
      s11 = x1.fma(b1, s11);
      s12 = x1.fma(b2, s12);
      s13 = x1.fma(b3, s13);
      FloatVector x2 = broadcast(F, ALL.get(FLOAT, a2 + 4 * at));
      s20 = x2.fma(b0, s20);
      s21 = x2.fma(b1, s21);
      s22 = x2.fma(b2, s22);
      s23 = x2.fma(b3, s23);
      FloatVector x3 = broadcast(F, ALL.get(FLOAT, a3 + 4 * at));
      s30 = x3.fma(b0, s30);
      s31 = x3.fma(b1, s31);
      s32 = x3.fma(b2, s32);
      s33 = x3.fma(b3, s33);
    }
    s00.intoMemorySegment(ALL, c0, ORDER);
    s01.intoMemorySegment(ALL, c0 + BYTES, ORDER);
    s02.intoMemorySegment(ALL, c0 + 2 * BYTES, ORDER);
    s03.intoMemorySegment(ALL, c0 + 3 * BYTES, ORDER);
    s10.intoMemorySegment(ALL, c1, ORDER);
    s11.intoMemorySegment(ALL, c1 + BYTES, ORDER);
    s12.intoMemorySegment(ALL, c1 + 2 * BYTES, ORDER);
    s13.intoMemorySegment(ALL, c1 + 3 * BYTES, ORDER);
    s20.intoMemorySegment(ALL, c2, ORDER);
    s21.intoMemorySegment(ALL, c2 + BYTES, ORDER);
    s22.intoMemorySegment(ALL, c2 + 2 * BYTES, ORDER);
    s23.intoMemorySegment(ALL, c2 + 3 * BYTES, ORDER);
    s30.intoMemorySegment(ALL, c3, ORDER);
    s31.intoMemorySegment(ALL, c3 + BYTES, ORDER);
    s32.intoMemorySegment(ALL, c3 + 2 * BYTES, ORDER);
    s33.intoMemorySegment(ALL, c3 + 3 * BYTES, ORDER);
  }

  private static void tile2(long a, long lda, long b, long c, long ldc, int k) {
    long columns = b & ADDRESS;
    long a0 = a & ADDRESS;
    long a1 = a + lda & ADDRESS;
    long a2 = a + 2 * lda & ADDRESS;
    long a3 = a + 3 * lda & ADDRESS;
    long c0 = c & ADDRESS;
    long c1 = c + ldc & ADDRESS;
    long c2 = c + 2 * ldc & ADDRESS;
    long c3 = c + 3 * ldc & ADDRESS;
    FloatVector s00 = fromMemorySegment(F, ALL, c0, ORDER);
    FloatVector s01 = fromMemorySegment(F, ALL, c0 + BYTES, ORDER);
    FloatVector s10 = fromMemorySegment(F, ALL, c1, ORDER);
    FloatVector s11 = fromMemorySegment(F, ALL, c1 + BYTES, ORDER);
    FloatVector s20 = fromMemorySegment(F, ALL, c2, ORDER);
    FloatVector s21 = fromMemorySegment(F, ALL, c2 + BYTES, ORDER);
    FloatVector s30 = fromMemorySegment(F, ALL, c3, ORDER);
    FloatVector s31 = fromMemorySegment(F, ALL, c3 + BYTES, ORDER);
    for (int i = 0; i < k; i++) {
      long at = i & INDEX;
      long row = columns + at * STEP;
      FloatVector b0 = fromMemorySegment(F, ALL, row, ORDER);
      FloatVector b1 = fromMemorySegment(F, ALL, row + BYTES, ORDER);
      FloatVector x0 = broadcast(F, ALL.get(FLOAT, a0 + 4 * at));
      s00 = x0.fma(b0, s00);
      s01 = x0.fma(b1, s01);
      FloatVector x1 = broadcast(F, ALL.get(FLOAT, a1 + 4 * at));
      s10 = x1.fma(b0, s10);
      s11 = x1.fma(b1, s11);
      FloatVector x2 = broadcast(F, ALL.get(FLOAT, a2 + 4 * at));
      s20 = x2.fma(b0, s20);
      s21 = x2.fma(b1, s21);
      FloatVector x3 = broadcast(F, ALL.get(FLOAT, a3 + 4 * at));
      s30 = x3.fma(b0, s30);
      s31 = x3.fma(b1, s31);
    }
    s00.intoMemorySegment(ALL, c0, ORDER);
    s01.intoMemorySegment(ALL, c0 + BYTES, ORDER);
    s10.intoMemorySegment(ALL, c1, ORDER);
    s11.intoMemorySegment(ALL, c1 + BYTES, ORDER);
    s20.intoMemorySegment(ALL, c2, ORDER);
    s21.intoMemorySegment(ALL, c2 + BYTES, ORDER);
    s30.intoMemorySegment(ALL, c3, ORDER);
    s31.intoMemorySegment(ALL, c3 + BYTES, ORDER);
  }

  private static void tile1(long a, long lda, long b, long c, long ldc, int k) {
    long columns = b & ADDRESS;
    long a0 = a & ADDRESS;
    long a1 = a + lda & ADDRESS;
    long a2 = a + 2 * lda & ADDRESS;
    long a3 = a + 3 * lda & ADDRESS;
    long c0 = c & ADDRESS;
    long c1 = c + ldc & ADDRESS;
    long c2 = c + 2 * ldc & ADDRESS;
    long c3 = c + 3 * ldc & ADDRESS;
    FloatVector s00 = fromMemorySegment(F, ALL, c0, ORDER);
    FloatVector s10 = fromMemorySegment(F, ALL, c1, ORDER);
    FloatVector s20 = fromMemorySegment(F, ALL, c2, ORDER);
    FloatVector s30 = fromMemorySegment(F, ALL, c3, ORDER);
    for (int i = 0; i < k; i++) {
      long at = i & INDEX;
      long row = columns + at * STEP;
      FloatVector b0 = fromMemorySegment(F, ALL, row, ORDER);
      FloatVector x0 = broadcast(F, ALL.get(FLOAT, a0 + 4 * at));
      s00 = x0.fma(b0, s00);
      FloatVector x1 = broadcast(F, ALL.get(FLOAT, a1 + 4 * at));
      s10 = x1.fma(b0, s10);
      FloatVector x2 = broadcast(F, ALL.get(FLOAT, a2 + 4 * at));
      s20 = x2.fma(b0, s20);
      FloatVector x3 = broadcast(F, ALL.get(FLOAT, a3 + 4 * at));
      s30 = x3.fma(b0, s30);
    }
    s00.intoMemorySegment(ALL, c0, ORDER);
    s10.intoMemorySegment(ALL, c1, ORDER);
    s20.intoMemorySegment(ALL, c2, ORDER);
    s30.intoMemorySegment(ALL, c3, ORDER);
  }
}
