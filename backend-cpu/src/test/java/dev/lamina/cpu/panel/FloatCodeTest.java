package dev.lamina.cpu.panel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.cpu.code.InstructionSet;
import dev.lamina.gguf.Dequantizer;
import dev.lamina.gguf.GgmlType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The products of float types against plain loops in double precision. All memory that is read or
 * written ends at a page that must not be touched.
 */
class FloatCodeTest {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  @BeforeAll
  static void needsMachineCode() {
    Assumptions.assumeTrue(!InstructionSet.here().isEmpty(), "no machine code on this system");
  }

  static List<Arguments> functions() {
    List<Arguments> all = new ArrayList<>();
    for (InstructionSet isa : InstructionSet.here()) {
      for (GgmlType type : List.of(GgmlType.F32, GgmlType.F16, GgmlType.BF16)) {
        all.add(Arguments.of(isa, type));
      }
    }
    return all;
  }

  private static byte[] weights(GgmlType type, int n, SplittableRandom random) {
    byte[] bytes = new byte[Math.toIntExact(type.rowBytes(n))];
    MemorySegment segment = MemorySegment.ofArray(bytes);
    for (int i = 0; i < n; i++) {
      float value = (float) random.nextGaussian();
      if (type == GgmlType.F32) {
        segment.set(FLOAT, 4L * i, value);
      } else {
        int bits =
            type == GgmlType.F16
                ? Float.floatToFloat16(value)
                : Float.floatToRawIntBits(value) >>> 16;
        segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i, (short) bits);
      }
    }
    return bytes;
  }

  private static float[][] activations(int tokens, int cols, SplittableRandom random) {
    float[][] x = new float[tokens][cols];
    for (float[] row : x) {
      for (int c = 0; c < cols; c++) {
        row[c] = (float) random.nextGaussian();
      }
    }
    return x;
  }

  /** Multiplies, and checks every result where the plain one is finite or no number at all. */
  private static void check(
      InstructionSet isa, GgmlType type, byte[] weights, int rows, int cols, float[][] x) {
    PanelCode code = PanelCode.of(isa);
    PanelFormat format = PanelFormats.of(type, cols);
    int tokens = x.length;
    int panels = PanelFormat.panels(rows);
    long rowBytes = type.rowBytes(cols);
    long stride = 64L * panels;
    int record = format.input().recordBytes();
    try (Arena arena = Arena.ofConfined();
        Guarded file = new Guarded(rowBytes * rows);
        Guarded packed = new Guarded(format.bytes(cols, rows, 1));
        Guarded input = new Guarded(format.input().rowBytes(cols) * tokens);
        Guarded init = new Guarded(stride * tokens);
        Guarded out = new Guarded(stride * tokens)) {
      long scratch = arena.allocate(PanelCode.CALL_SCRATCH, 64).address();
      MemorySegment.copy(weights, 0, file.segment(), ValueLayout.JAVA_BYTE, 0, weights.length);
      for (int p = 0; p < panels; p++) {
        PanelCode.repack(
            code.repack(format),
            format,
            file.address() + 16 * p * rowBytes,
            Math.min(16, rows - 16 * p),
            cols,
            packed.address() + p * format.panelBytes(cols),
            scratch);
      }
      for (int t = 0; t < tokens; t++) {
        try (Guarded row = new Guarded(4L * cols)) {
          MemorySegment.copy(x[t], 0, row.segment(), FLOAT, 0, cols);
          PanelCode.quantize(
              code.quantize(format.input()),
              row.address(),
              cols,
              input.address() + (long) t * record,
              (long) tokens * record,
              scratch);
        }
      }
      for (int i = 0; i < 16 * panels * tokens; i++) {
        init.segment().set(FLOAT, 4L * i, 0.5f * (i % 7));
      }
      PanelCode.product(
          code.product(format, tokens),
          packed.address(),
          0,
          panels,
          input.address(),
          cols / 32,
          out.address(),
          stride,
          init.address(),
          stride,
          64,
          scratch);
      float[] w = new float[cols];
      for (int r = 0; r < rows; r++) {
        Dequantizer.decode(type, file.segment(), r * rowBytes, w, 0, cols);
        for (int t = 0; t < tokens; t++) {
          double sum = init.segment().get(FLOAT, t * stride + 4L * r);
          double size = Math.abs(sum);
          for (int c = 0; c < cols; c++) {
            sum += (double) w[c] * x[t][c];
            size += Math.abs((double) w[c] * x[t][c]);
          }
          float actual = out.segment().get(FLOAT, t * stride + 4L * r);
          String what =
              "%s %s, %d x %d, %d tokens: row %d of token %d"
                  .formatted(isa, type, cols, rows, tokens, r, t);
          if (size < Float.MAX_VALUE) {
            assertEquals(sum, actual, 6e-8 * (cols + 1) * size + Float.MIN_VALUE * cols, what);
          } else if (!Double.isFinite(size)) {
            assertEquals(sum, actual, what);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("functions")
  void oddShapes(InstructionSet isa, GgmlType type) {
    SplittableRandom random = new SplittableRandom(3);
    int most = PanelCode.of(isa).mostTokens(InputFormat.FLOATS);
    for (int rows : new int[] {1, 15, 16, 17, 33}) {
      for (int cols : new int[] {32, 96, 256}) {
        byte[] weights = weights(type, rows * cols, random);
        for (int tokens = 1; tokens <= most; tokens++) {
          if (rows == 17 || tokens == 1 || tokens == most) {
            check(isa, type, weights, rows, cols, activations(tokens, cols, random));
          }
        }
      }
    }
  }

  /** Every bit pattern of 16 bits, and random ones of 32: subnormal, infinite, no numbers. */
  @ParameterizedTest
  @MethodSource("functions")
  void everyWeight(InstructionSet isa, GgmlType type) {
    SplittableRandom random = new SplittableRandom(4);
    int cols = 64;
    byte[] weights = new byte[(int) type.rowBytes(1 << 16)];
    if (type == GgmlType.F32) {
      random.nextBytes(weights);
    } else {
      for (int i = 0; i < 1 << 16; i++) {
        weights[2 * i] = (byte) i;
        weights[2 * i + 1] = (byte) (i >> 8);
      }
    }
    // one weight at a time, so that none hides behind a larger one
    for (int column : new int[] {0, 1, 31, 62, 63}) {
      float[][] x = new float[2][cols];
      x[0][column] = 1;
      x[1][column] = -0.75f;
      check(isa, type, weights, (1 << 16) / cols, cols, x);
    }
  }

  @ParameterizedTest
  @MethodSource("functions")
  void whatIsNoNumberShows(InstructionSet isa, GgmlType type) {
    SplittableRandom random = new SplittableRandom(5);
    byte[] weights = weights(type, 16 * 64, random);
    for (float poison : new float[] {Float.NaN, Float.POSITIVE_INFINITY, -1f / 0, 1e-45f, 3e38f}) {
      float[][] x = activations(3, 64, random);
      x[1][37] = poison;
      check(isa, type, weights, 16, 64, x);
    }
  }

  /** No panels where rows are not made of whole blocks. */
  @ParameterizedTest
  @MethodSource("functions")
  void oddColumnsHaveNone(InstructionSet isa, GgmlType type) {
    assertEquals(null, PanelFormats.of(type, 33));
    assertTrue(PanelFormats.of(type, 64) != null, isa + " " + type);
  }
}
