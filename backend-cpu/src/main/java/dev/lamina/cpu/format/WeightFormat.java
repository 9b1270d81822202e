package dev.lamina.cpu.format;

import dev.lamina.cpu.simd.Dot;
import dev.lamina.cpu.simd.Simd;
import dev.lamina.gguf.GgmlType;

/**
 * How rows of one weight type are read: the one place that knows the type. Addresses are raw (see
 * {@link Simd#ALL}); a row of {@code cols} values begins at {@code w + r * rowBytes}. Formats are
 * stateless singletons, listed in {@link Formats}.
 *
 * <p>A format must give {@link #decode}. {@link #matVec} is worth writing where a product straight
 * from the blocks beats decoding to float32 first.
 */
public abstract class WeightFormat {
  /** Rows that the default {@link #matVec} decodes at a time. */
  public static final int SCRATCH_ROWS = 4;

  private final GgmlType type;

  protected WeightFormat(GgmlType type) {
    this.type = type;
  }

  public final GgmlType type() {
    return type;
  }

  /**
   * Decodes {@code n} values (whole blocks) to float32, bit for bit as ggml's reference does.
   *
   * @param source address of the first block
   * @param target address of {@code n} floats
   */
  public abstract void decode(long source, long target, int n);

  /** What {@link #matVec} wants of its input beforehand, or null for nothing. */
  public Preparation preparation() {
    return null;
  }

  /**
   * {@code out[r] = sum_c w[r][c] * x[c]} for {@code rows} rows.
   *
   * @param prepared what {@link #preparation} wrote, 0 where that is null
   * @param scratch address of {@link #SCRATCH_ROWS} times {@code cols} floats of this thread
   */
  public void matVec(
      long w, long rowBytes, int rows, int cols, long x, long prepared, long scratch, long out) {
    long stride = (long) cols * Float.BYTES;
    int r = 0;
    for (; r + SCRATCH_ROWS <= rows; r += SCRATCH_ROWS) {
      for (int i = 0; i < SCRATCH_ROWS; i++) {
        decode(w + (r + i) * rowBytes, scratch + i * stride, cols);
      }
      Dot.rows4(scratch, stride, x, cols, out + (long) r * Float.BYTES);
    }
    for (; r < rows; r++) {
      decode(w + r * rowBytes, scratch, cols);
      Simd.storeFloat(out + (long) r * Float.BYTES, Dot.row(scratch, x, cols));
    }
  }
}
