package dev.lamina.cpu.format;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lamina.cpu.simd.Gemm;
import dev.lamina.cpu.simd.Simd;
import dev.lamina.gguf.Dequantizer;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.SyntheticWeights;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InterleavedQ4Test {
  @ParameterizedTest
  @ValueSource(ints = {32, 96, 512, 544})
  void decodesAndMultipliesLikeTheRows(int cols) {
    Random random = new Random(cols);
    int groups = 3;
    int rows = groups * Simd.LANES;
    long rowBytes = GgmlType.Q4_0.rowBytes(cols);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment w = arena.allocate(rowBytes * rows, 64);
      SyntheticWeights.fill(GgmlType.Q4_0, 1, w, 0.05f);
      MemorySegment packed = arena.allocate(rowBytes * rows, 64);
      for (int g = 0; g < groups; g++) {
        long at = g * InterleavedQ4.groupBytes(cols);
        InterleavedQ4.repack(
            w.address() + at, cols, InterleavedQ4.buffers(cols), packed.address() + at);
      }
      float[][] expected = new float[rows][cols];
      for (int r = 0; r < rows; r++) {
        Dequantizer.decode(GgmlType.Q4_0, w, r * rowBytes, expected[r], 0, cols);
      }
      MemorySegment target = arena.allocate(4L * Gemm.COLS * cols, 64);
      InterleavedQ4.decode(packed.address(), groups, cols, 0, cols, target.address());
      for (int r = 0; r < rows; r++) {
        for (int c = 0; c < cols; c++) {
          float actual = target.getAtIndex(ValueLayout.JAVA_FLOAT, (long) c * Gemm.COLS + r);
          assertEquals(expected[r][c], actual, "row " + r + ", column " + c);
        }
      }
      MemorySegment x = arena.allocate(4L * cols, 64);
      for (int c = 0; c < cols; c++) {
        x.setAtIndex(ValueLayout.JAVA_FLOAT, c, (float) random.nextGaussian());
      }
      MemorySegment prepared = arena.allocate(InterleavedQ4.INPUT.bytes(cols), 64);
      InterleavedQ4.INPUT.run(x.address(), cols, prepared.address());
      MemorySegment out = arena.allocate(4L * Simd.LANES, 64);
      for (int g = 0; g < groups; g++) {
        InterleavedQ4.matVec(
            packed.address() + g * InterleavedQ4.groupBytes(cols),
            cols,
            prepared.address(),
            out.address());
        for (int i = 0; i < Simd.LANES; i++) {
          double sum = 0;
          double size = 0;
          for (int c = 0; c < cols; c++) {
            double term =
                (double) expected[g * Simd.LANES + i][c] * x.getAtIndex(ValueLayout.JAVA_FLOAT, c);
            sum += term;
            size += term * term;
          }
          assertEquals(
              sum, out.getAtIndex(ValueLayout.JAVA_FLOAT, i), 1e-5 * Math.sqrt(size) + 1e-30);
        }
      }
    }
  }
}
