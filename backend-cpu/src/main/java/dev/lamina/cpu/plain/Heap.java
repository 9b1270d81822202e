package dev.lamina.cpu.plain;

import dev.lamina.cpu.simd.Simd;
import java.lang.foreign.MemorySegment;

/** Memory off the heap as arrays and back, in bulk. */
final class Heap {
  private Heap() {}

  static float[] floats(long address, int n) {
    float[] values = new float[n];
    MemorySegment.copy(Simd.ALL, Simd.FLOAT, address, values, 0, n);
    return values;
  }

  static short[] shorts(long address, int n) {
    short[] values = new short[n];
    MemorySegment.copy(Simd.ALL, Simd.SHORT, address, values, 0, n);
    return values;
  }

  static void bytes(long address, byte[] to, int n) {
    MemorySegment.copy(Simd.ALL, Simd.BYTE, address, to, 0, n);
  }

  static void store(float[] values, int from, int n, long address) {
    MemorySegment.copy(values, from, Simd.ALL, Simd.FLOAT, address, n);
  }

  static void store(short[] values, int from, int n, long address) {
    MemorySegment.copy(values, from, Simd.ALL, Simd.SHORT, address, n);
  }
}
