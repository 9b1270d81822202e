package dev.lamina.cpu.plain;

import dev.lamina.cpu.kernel.KvMemory;
import dev.lamina.gguf.GgmlType;

/**
 * Keys and values of one head, between {@link KvMemory}'s pages and arrays: float types only. Keys
 * lie dimension by dimension in a page, values position by position.
 */
final class PlainPages {
  private PlainPages() {}

  static boolean has(GgmlType type) {
    return type == GgmlType.F16 || type == GgmlType.F32;
  }

  /** The values of a page's part as they are stored: {@code n} of them. */
  static float[] load(GgmlType type, long address, int n) {
    if (type == GgmlType.F32) {
      return Heap.floats(address, n);
    }
    float[] values = new float[n];
    decode(Heap.shorts(address, n), values);
    return values;
  }

  static void store(GgmlType type, float[] values, int from, int n, long address) {
    if (type == GgmlType.F32) {
      Heap.store(values, from, n, address);
    } else {
      short[] halves = new short[n];
      encode(values, from, halves);
      Heap.store(halves, 0, n, address);
    }
  }

  private static void decode(short[] halves, float[] to) {
    for (int i = 0; i < halves.length; i++) {
      to[i] = Float.float16ToFloat(halves[i]);
    }
  }

  private static void encode(float[] values, int from, short[] to) {
    for (int i = 0; i < to.length; i++) {
      to[i] = Float.floatToFloat16(values[from + i]);
    }
  }
}
