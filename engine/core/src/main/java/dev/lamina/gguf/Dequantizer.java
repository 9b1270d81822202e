package dev.lamina.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/**
 * Decodes tensor data to float32, one value after another: the definition of each type, bit for bit
 * as ggml's reference ({@code dequantize_row_*} in {@code ggml-quants.c}). Fast paths elsewhere are
 * measured against it.
 *
 * <p>Take one by {@link #of} for a row or more; its {@link #decode} does not look at the type
 * again.
 */
public final class Dequantizer {
  private static final int CHUNK = 2048;

  private final GgmlType type;
  private final Rows rows;

  /** The decode routine of one type. */
  @FunctionalInterface
  interface Rows {
    /** As {@link Dequantizer#decode}, arguments checked. */
    void decode(MemorySegment src, long from, float[] dst, int to, int count);
  }

  private Dequantizer(GgmlType type, Rows rows) {
    this.type = type;
    this.rows = rows;
  }

  /**
   * @throws IllegalArgumentException where {@code type} is no weight type
   */
  public static Dequantizer of(GgmlType type) {
    return new Dequantizer(
        type,
        switch (type) {
          case F32 -> FloatRows::f32;
          case F16 -> FloatRows::f16;
          case BF16 -> FloatRows::bf16;
          case Q4_0 -> LegacyRows::q40;
          case Q4_1 -> LegacyRows::q41;
          case Q5_0 -> LegacyRows::q50;
          case Q5_1 -> LegacyRows::q51;
          case Q8_0 -> LegacyRows::q80;
          case MXFP4 -> LegacyRows::mxfp4;
          case Q2_K -> KRows::q2;
          case Q3_K -> KRows::q3;
          case Q4_K -> KRows::q4;
          case Q5_K -> KRows::q5;
          case Q6_K -> KRows::q6;
          case IQ1_S -> IRows::iq1s;
          case IQ1_M -> IRows::iq1m;
          case IQ2_XXS -> IRows::iq2xxs;
          case IQ2_XS -> IRows::iq2xs;
          case IQ2_S -> IRows::iq2s;
          case IQ3_XXS -> IRows::iq3xxs;
          case IQ3_S -> IRows::iq3s;
          case IQ4_NL -> IRows::iq4nl;
          case IQ4_XS -> IRows::iq4xs;
          case TQ1_0 -> TernaryRows::tq1;
          case TQ2_0 -> TernaryRows::tq2;
          case I8, I16, I32, I64, F64 ->
              throw new IllegalArgumentException(type + " is no type of weights");
        });
  }

  /** Decodes with {@link #of}, for single calls. */
  public static void decode(
      GgmlType type, MemorySegment src, long srcOffset, float[] dst, int dstOffset, int count) {
    of(type).decode(src, srcOffset, dst, dstOffset, count);
  }

  public GgmlType type() {
    return type;
  }

  /**
   * Decodes {@code count} values.
   *
   * @param src tensor data, at any address
   * @param srcOffset byte at which a block begins
   * @param count a multiple of the type's block size
   * @throws IndexOutOfBoundsException where source or target are too small; nothing is written then
   */
  public void decode(MemorySegment src, long srcOffset, float[] dst, int dstOffset, int count) {
    Objects.checkFromIndexSize(srcOffset, type.rowBytes(count), src.byteSize());
    Objects.checkFromIndexSize(dstOffset, count, dst.length);
    rows.decode(src, srcOffset, dst, dstOffset, count);
  }

  /**
   * Decodes {@code count} values to memory in native byte order.
   *
   * @param dstOffset byte at which the first value goes
   */
  public void decode(
      MemorySegment src, long srcOffset, MemorySegment dst, long dstOffset, long count) {
    Objects.checkFromIndexSize(srcOffset, type.rowBytes(count), src.byteSize());
    Objects.checkFromIndexSize(dstOffset, 4 * count, dst.byteSize());
    float[] chunk = new float[(int) Math.min(CHUNK, count)];
    for (long done = 0; done < count; done += chunk.length) {
      int n = (int) Math.min(chunk.length, count - done);
      rows.decode(src, srcOffset + type.rowBytes(done), chunk, 0, n);
      MemorySegment.copy(chunk, 0, dst, ValueLayout.JAVA_FLOAT_UNALIGNED, dstOffset + 4 * done, n);
    }
  }

  /** The byte at {@code at}, from 0 to 255. */
  static int u8(MemorySegment src, long at) {
    return src.get(ValueLayout.JAVA_BYTE, at) & 0xFF;
  }

  static int u16(MemorySegment src, long at) {
    return src.get(Cursor.SHORT, at) & 0xFFFF;
  }

  /** The float16 at {@code at}. */
  static float half(MemorySegment src, long at) {
    return Float.float16ToFloat(src.get(Cursor.SHORT, at));
  }
}
