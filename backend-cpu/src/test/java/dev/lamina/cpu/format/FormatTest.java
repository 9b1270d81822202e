package dev.lamina.cpu.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.cpu.simd.Simd;
import dev.lamina.gguf.Dequantizer;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.SyntheticWeights;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every weight format against the scalar decoder. */
class FormatTest {
  static Stream<GgmlType> types() {
    return Arrays.stream(GgmlType.values()).filter(GgmlType::isWeightType);
  }

  private static int[] lengths(GgmlType type) {
    return type.blockSize() == 1
        ? new int[] {1, 3, 15, 16, 17, 31, 33, 64, 100, 257}
        : new int[] {type.blockSize(), 2 * type.blockSize(), 5 * type.blockSize()};
  }

  @ParameterizedTest
  @MethodSource("types")
  void decodesRandomBytesExactly(GgmlType type) {
    Random random = new Random(type.id());
    try (Arena arena = Arena.ofConfined()) {
      for (int n : lengths(type)) {
        for (int round = 0; round < 50; round++) {
          byte[] bytes = new byte[(int) type.rowBytes(n)];
          random.nextBytes(bytes);
          // an odd address, and a guard on both sides of what is written
          MemorySegment source = arena.allocate(bytes.length + 1L, 64).asSlice(1);
          MemorySegment.copy(bytes, 0, source, ValueLayout.JAVA_BYTE, 0, bytes.length);
          MemorySegment target = arena.allocate(4L * n + 8, 64);
          target.set(ValueLayout.JAVA_INT, 0, 0x12345678);
          target.set(ValueLayout.JAVA_INT, 4L * n + 4, 0x12345678);
          Formats.of(type).decode(source.address(), target.address() + 4, n);
          float[] expected = new float[n];
          Dequantizer.decode(type, source, 0, expected, 0, n);
          for (int i = 0; i < n; i++) {
            float actual = target.get(ValueLayout.JAVA_FLOAT, 4L * i + 4);
            if (!(Float.isNaN(actual) && Float.isNaN(expected[i]))) {
              assertEquals(
                  Float.floatToRawIntBits(expected[i]),
                  Float.floatToRawIntBits(actual),
                  type + " value " + i + ": " + expected[i] + ", not " + actual);
            }
          }
          assertEquals(0x12345678, target.get(ValueLayout.JAVA_INT, 0));
          assertEquals(0x12345678, target.get(ValueLayout.JAVA_INT, 4L * n + 4));
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("types")
  void multipliesLikeTheDecodedRow(GgmlType type) {
    Random random = new Random(type.id());
    WeightFormat format = Formats.of(type);
    try (Arena arena = Arena.ofConfined()) {
      for (int cols : lengths(type)) {
        for (int rows : new int[] {1, 2, 3, 4, 7, 16, 19}) {
          check(format, rows, cols, random, arena);
        }
      }
    }
  }

  private static void check(WeightFormat format, int rows, int cols, Random random, Arena arena) {
    GgmlType type = format.type();
    long rowBytes = type.rowBytes(cols);
    MemorySegment w = arena.allocate(rowBytes * rows, 64);
    SyntheticWeights.fill(type, random.nextLong(), w, 0.05f);
    MemorySegment x = arena.allocate(4L * cols, 64);
    for (int i = 0; i < cols; i++) {
      x.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
    }
    MemorySegment prepared = arena.allocate(64, 64);
    if (format.preparation() != null) {
      prepared = arena.allocate(Math.max(64, format.preparation().bytes(cols)), 64);
      format.preparation().run(x.address(), cols, prepared.address());
    }
    MemorySegment scratch = arena.allocate(4L * WeightFormat.SCRATCH_ROWS * cols + 64, 64);
    MemorySegment out = arena.allocate(4L * rows + 4, 64);
    out.setAtIndex(ValueLayout.JAVA_INT, rows, 0x12345678);
    format.matVec(
        w.address(),
        rowBytes,
        rows,
        cols,
        x.address(),
        prepared.address(),
        scratch.address(),
        out.address());
    assertEquals(0x12345678, out.getAtIndex(ValueLayout.JAVA_INT, rows));
    float[] row = new float[cols];
    for (int r = 0; r < rows; r++) {
      Dequantizer.decode(type, w, r * rowBytes, row, 0, cols);
      double sum = 0;
      double size = 0;
      for (int i = 0; i < cols; i++) {
        double term = (double) row[i] * x.getAtIndex(ValueLayout.JAVA_FLOAT, i);
        sum += term;
        size += term * term;
      }
      float actual = out.getAtIndex(ValueLayout.JAVA_FLOAT, r);
      assertTrue(
          Math.abs(actual - sum) <= 1e-5 * Math.sqrt(size) + 1e-30,
          "%s with %d lanes, row %d of %d x %d: %s, not %s"
              .formatted(type, Simd.LANES, r, rows, cols, actual, sum));
    }
  }
}
