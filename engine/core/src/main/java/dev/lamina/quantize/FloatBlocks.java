package dev.lamina.quantize;

import static dev.lamina.quantize.Rounding.putHalf;
import static dev.lamina.quantize.Rounding.putInt;
import static dev.lamina.quantize.Rounding.putShort;

/** Encoding of F32, F16 and BF16. */
final class FloatBlocks {
  private FloatBlocks() {}

  static void f32(Rows rows) {
    for (int i = 0; i < rows.values(); i++) {
      putInt(rows.dst(), rows.to() + 4 * i, Float.floatToRawIntBits(rows.x()[rows.from() + i]));
    }
  }

  static void f16(Rows rows) {
    for (int i = 0; i < rows.values(); i++) {
      putHalf(rows.dst(), rows.to() + 2 * i, rows.x()[rows.from() + i]);
    }
  }

  /** The upper half, rounded, halves to the even; a NaN stays one. */
  static void bf16(Rows rows) {
    for (int i = 0; i < rows.values(); i++) {
      float v = rows.x()[rows.from() + i];
      int bits = Float.floatToRawIntBits(v);
      int upper = Float.isNaN(v) ? bits >>> 16 | 64 : bits + (0x7FFF + (bits >>> 16 & 1)) >>> 16;
      putShort(rows.dst(), rows.to() + 2 * i, upper);
    }
  }
}
