package dev.lamina.cpu.simd;

import static dev.lamina.cpu.simd.Simd.BYTES;
import static dev.lamina.cpu.simd.Simd.LANES;
import static dev.lamina.cpu.simd.Simd.load;
import static dev.lamina.cpu.simd.Simd.splat;
import static dev.lamina.cpu.simd.Simd.store;

import jdk.incubator.vector.FloatVector;

/**
 * The register-blocked float32 matrix product: {@code C[m][n] += A[m][k] * B[k][n]}, where rows of
 * A are broadcast value by value and rows of B are vectors. The result of a tile of {@link #ROWS} x
 * {@code 4 * LANES} stays in registers over all of k, so that a step of k needs 10 loads for 24
 * multiply-adds.
 */
public final class Gemm {
  /** Rows of A in a tile. */
  public static final int ROWS = 6;

  /** Columns of B in the widest tile. */
  public static final int COLS = 4 * LANES;

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
   * {@code C = A * B}, or {@code C += A * B}. Strides are in bytes.
   *
   * @param m rows of A and C; both must be allocated up to {@link #padRows}, what is there beyond
   *     does not matter
   * @param n columns of B and C, a multiple of {@link Simd#LANES}
   */
  public static void multiply(
      long a, long lda, long b, long ldb, long c, long ldc, int m, int n, int k, boolean add) {
    for (int j = 0; j < n; ) {
      int left = n - j;
      long bj = b + 4L * j;
      long cj = c + 4L * j;
      if (left >= COLS) {
        for (int i = 0; i < m; i += ROWS) {
          tile4(a + i * lda, lda, bj, ldb, cj + i * ldc, ldc, k, add);
        }
        j += COLS;
      } else if (left >= 2 * LANES) {
        for (int i = 0; i < m; i += ROWS) {
          tile2(a + i * lda, lda, bj, ldb, cj + i * ldc, ldc, k, add);
        }
        j += 2 * LANES;
      } else {
        for (int i = 0; i < m; i += ROWS) {
          tile1(a + i * lda, lda, bj, ldb, cj + i * ldc, ldc, k, add);
        }
        j += LANES;
      }
    }
  }

  private static void tile4(
      long a, long lda, long b, long ldb, long c, long ldc, int k, boolean add) {
    long a1 = a + lda;
    long a2 = a + 2 * lda;
    long a3 = a + 3 * lda;
    long a4 = a + 4 * lda;
    long a5 = a + 5 * lda;
    FloatVector zero = FloatVector.zero(Simd.F);
    FloatVector s00 = zero;
    FloatVector s01 = zero;
    FloatVector s02 = zero;
    FloatVector s03 = zero;
    FloatVector s10 = zero;
    FloatVector s11 = zero;
    FloatVector s12 = zero;
    FloatVector s13 = zero;
    FloatVector s20 = zero;
    FloatVector s21 = zero;
    FloatVector s22 = zero;
    FloatVector s23 = zero;
    FloatVector s30 = zero;
    FloatVector s31 = zero;
    FloatVector s32 = zero;
    FloatVector s33 = zero;
    FloatVector s40 = zero;
    FloatVector s41 = zero;
    FloatVector s42 = zero;
    FloatVector s43 = zero;
    FloatVector s50 = zero;
    FloatVector s51 = zero;
    FloatVector s52 = zero;
    FloatVector s53 = zero;
    for (int i = 0; i < k; i++) {
      long at = 4L * i;
      long row = b + i * ldb;
      FloatVector b0 = load(row);
      FloatVector b1 = load(row + BYTES);
      FloatVector b2 = load(row + 2 * BYTES);
      FloatVector b3 = load(row + 3 * BYTES);
      FloatVector x0 = splat(a + at);
      s00 = x0.fma(b0, s00);
      s01 = x0.fma(b1, s01);
      s02 = x0.fma(b2, s02);
      s03 = x0.fma(b3, s03);
      FloatVector x1 = splat(a1 + at);
      s10 = x1.fma(b0, s10);
      s11 = x1.fma(b1, s11);
      s12 = x1.fma(b2, s12);
      s13 = x1.fma(b3, s13);
      FloatVector x2 = splat(a2 + at);
      s20 = x2.fma(b0, s20);
      s21 = x2.fma(b1, s21);
      s22 = x2.fma(b2, s22);
      s23 = x2.fma(b3, s23);
      FloatVector x3 = splat(a3 + at);
      s30 = x3.fma(b0, s30);
      s31 = x3.fma(b1, s31);
      s32 = x3.fma(b2, s32);
      s33 = x3.fma(b3, s33);
      FloatVector x4 = splat(a4 + at);
      s40 = x4.fma(b0, s40);
      s41 = x4.fma(b1, s41);
      s42 = x4.fma(b2, s42);
      s43 = x4.fma(b3, s43);
      FloatVector x5 = splat(a5 + at);
      s50 = x5.fma(b0, s50);
      s51 = x5.fma(b1, s51);
      s52 = x5.fma(b2, s52);
      s53 = x5.fma(b3, s53);
    }
    put4(s00, s01, s02, s03, c, add);
    put4(s10, s11, s12, s13, c + ldc, add);
    put4(s20, s21, s22, s23, c + 2 * ldc, add);
    put4(s30, s31, s32, s33, c + 3 * ldc, add);
    put4(s40, s41, s42, s43, c + 4 * ldc, add);
    put4(s50, s51, s52, s53, c + 5 * ldc, add);
  }

  private static void put4(
      FloatVector s0, FloatVector s1, FloatVector s2, FloatVector s3, long c, boolean add) {
    if (add) {
      store(load(c).add(s0), c);
      store(load(c + BYTES).add(s1), c + BYTES);
      store(load(c + 2 * BYTES).add(s2), c + 2 * BYTES);
      store(load(c + 3 * BYTES).add(s3), c + 3 * BYTES);
    } else {
      store(s0, c);
      store(s1, c + BYTES);
      store(s2, c + 2 * BYTES);
      store(s3, c + 3 * BYTES);
    }
  }

  private static void tile2(
      long a, long lda, long b, long ldb, long c, long ldc, int k, boolean add) {
    long a1 = a + lda;
    long a2 = a + 2 * lda;
    long a3 = a + 3 * lda;
    long a4 = a + 4 * lda;
    long a5 = a + 5 * lda;
    FloatVector zero = FloatVector.zero(Simd.F);
    FloatVector s00 = zero;
    FloatVector s01 = zero;
    FloatVector s10 = zero;
    FloatVector s11 = zero;
    FloatVector s20 = zero;
    FloatVector s21 = zero;
    FloatVector s30 = zero;
    FloatVector s31 = zero;
    FloatVector s40 = zero;
    FloatVector s41 = zero;
    FloatVector s50 = zero;
    FloatVector s51 = zero;
    for (int i = 0; i < k; i++) {
      long at = 4L * i;
      long row = b + i * ldb;
      FloatVector b0 = load(row);
      FloatVector b1 = load(row + BYTES);
      FloatVector x0 = splat(a + at);
      s00 = x0.fma(b0, s00);
      s01 = x0.fma(b1, s01);
      FloatVector x1 = splat(a1 + at);
      s10 = x1.fma(b0, s10);
      s11 = x1.fma(b1, s11);
      FloatVector x2 = splat(a2 + at);
      s20 = x2.fma(b0, s20);
      s21 = x2.fma(b1, s21);
      FloatVector x3 = splat(a3 + at);
      s30 = x3.fma(b0, s30);
      s31 = x3.fma(b1, s31);
      FloatVector x4 = splat(a4 + at);
      s40 = x4.fma(b0, s40);
      s41 = x4.fma(b1, s41);
      FloatVector x5 = splat(a5 + at);
      s50 = x5.fma(b0, s50);
      s51 = x5.fma(b1, s51);
    }
    put2(s00, s01, c, add);
    put2(s10, s11, c + ldc, add);
    put2(s20, s21, c + 2 * ldc, add);
    put2(s30, s31, c + 3 * ldc, add);
    put2(s40, s41, c + 4 * ldc, add);
    put2(s50, s51, c + 5 * ldc, add);
  }

  private static void put2(FloatVector s0, FloatVector s1, long c, boolean add) {
    if (add) {
      store(load(c).add(s0), c);
      store(load(c + BYTES).add(s1), c + BYTES);
    } else {
      store(s0, c);
      store(s1, c + BYTES);
    }
  }

  private static void tile1(
      long a, long lda, long b, long ldb, long c, long ldc, int k, boolean add) {
    long a1 = a + lda;
    long a2 = a + 2 * lda;
    long a3 = a + 3 * lda;
    long a4 = a + 4 * lda;
    long a5 = a + 5 * lda;
    FloatVector zero = FloatVector.zero(Simd.F);
    FloatVector s00 = zero;
    FloatVector s10 = zero;
    FloatVector s20 = zero;
    FloatVector s30 = zero;
    FloatVector s40 = zero;
    FloatVector s50 = zero;
    for (int i = 0; i < k; i++) {
      long at = 4L * i;
      long row = b + i * ldb;
      FloatVector b0 = load(row);
      FloatVector x0 = splat(a + at);
      s00 = x0.fma(b0, s00);
      FloatVector x1 = splat(a1 + at);
      s10 = x1.fma(b0, s10);
      FloatVector x2 = splat(a2 + at);
      s20 = x2.fma(b0, s20);
      FloatVector x3 = splat(a3 + at);
      s30 = x3.fma(b0, s30);
      FloatVector x4 = splat(a4 + at);
      s40 = x4.fma(b0, s40);
      FloatVector x5 = splat(a5 + at);
      s50 = x5.fma(b0, s50);
    }
    put1(s00, c, add);
    put1(s10, c + ldc, add);
    put1(s20, c + 2 * ldc, add);
    put1(s30, c + 3 * ldc, add);
    put1(s40, c + 4 * ldc, add);
    put1(s50, c + 5 * ldc, add);
  }

  private static void put1(FloatVector s0, long c, boolean add) {
    if (add) {
      store(load(c).add(s0), c);
    } else {
      store(s0, c);
    }
  }
}
