package dev.lamina.cpu.panel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.lamina.cpu.code.InstructionSet;
import dev.lamina.cpu.code.Isa;
import dev.lamina.cpu.code.NativeCode;
import dev.lamina.gguf.Dequantizer;
import dev.lamina.gguf.GgmlType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The products in float32 against plain loops in double precision, and the decoding of panels
 * against that of rows. All memory that is read or written ends at a page that must not be touched.
 */
class FloatCodeTest {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final Set<GgmlType> FLOAT_TYPES =
      EnumSet.of(GgmlType.F32, GgmlType.F16, GgmlType.BF16);

  /** The largest magnitude that can be split. */
  private static final float MOST_SPLIT = 3.389e38f;

  @BeforeAll
  static void needsMachineCode() {
    Assumptions.assumeTrue(!InstructionSet.here().isEmpty(), "no machine code on this system");
  }

  /** A way to multiply: with panels as they are or decoded, activations as they are or split. */
  private record Way(InstructionSet isa, GgmlType type, InputFormat input, boolean decodes) {
    PanelFormat format(int cols) {
      return PanelFormats.floats(type, cols);
    }

    int mostTokens() {
      PanelCode code = PanelCode.of(isa);
      int most = code.mostTokens(input);
      while (!decodes && code.decodes(PanelFormats.of(type).asFloats(), input, most)) {
        most--;
      }
      return most;
    }

    @Override
    public String toString() {
      return isa + " " + type + (decodes ? ", decoded" : "") + (input.split() ? ", split" : "");
    }
  }

  static List<Way> ways() {
    List<Way> all = new ArrayList<>();
    for (InstructionSet isa : InstructionSet.here()) {
      PanelCode code = PanelCode.of(isa);
      for (GgmlType type : PanelFormats.types()) {
        PanelFormat format = PanelFormats.of(type).asFloats();
        boolean first = isa != Isa.AMX_INT8 && isa != Isa.AVX_VNNI; // others have the same code
        if (first && code.multiplies(format)) {
          all.add(new Way(isa, type, InputFormat.FLOATS, false));
          if (code.decodes(format, InputFormat.FLOATS, 1000)) {
            all.add(new Way(isa, type, InputFormat.FLOATS, true));
          }
        }
        InputFormat many = code.input(format, 1000);
        if (many.split()) {
          all.add(new Way(isa, type, many, code.decodes(format, many, 1000)));
        }
      }
    }
    return all;
  }

  static List<Way> floatWays() {
    return ways().stream().filter(way -> FLOAT_TYPES.contains(way.type)).toList();
  }

  private static byte[] weights(GgmlType type, int rows, int cols, SplittableRandom random) {
    if (!FLOAT_TYPES.contains(type)) {
      return PanelCodeTest.moderate(type, PanelCodeTest.random(type, rows, cols));
    }
    int n = rows * cols;
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

  /** Multiplies some panels, from the given one on. */
  private interface Products {
    void run(int panel, int count, Guarded out);
  }

  /**
   * Multiplies, and checks every result where the plain one is finite or no number at all.
   *
   * @return the sum of squared errors
   */
  private static double check(Way way, byte[] weights, int rows, int cols, float[][] x) {
    PanelCode code = PanelCode.of(way.isa);
    PanelFormat format = way.format(cols);
    int tokens = x.length;
    int panels = PanelFormat.panels(rows);
    long rowBytes = way.type.rowBytes(cols);
    long stride = 64L * panels;
    int record = way.input.recordBytes();
    long decodedBytes = way.decodes ? PanelCode.decodedBytes(format, way.input, cols) : 0;
    try (Arena arena = Arena.ofConfined();
        Guarded file = new Guarded(rowBytes * rows);
        Guarded packed = new Guarded(format.bytes(cols, rows, 1));
        Guarded decoded = new Guarded(decodedBytes * panels);
        Guarded input = new Guarded(way.input.rowBytes(cols) * tokens);
        Guarded init = new Guarded(stride * tokens);
        Guarded out = new Guarded(stride * tokens);
        Guarded alone = new Guarded(stride * tokens)) {
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
        if (way.decodes) {
          PanelCode.decode(
              code.decode(format, way.input),
              packed.address() + p * format.panelBytes(cols),
              cols / format.columns(),
              decoded.address() + p * decodedBytes,
              scratch);
        }
      }
      for (int t = 0; t < tokens; t++) {
        try (Guarded row = new Guarded(4L * cols)) {
          MemorySegment.copy(x[t], 0, row.segment(), FLOAT, 0, cols);
          PanelCode.quantize(
              code.quantize(way.input),
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
      long first = way.decodes ? decoded.address() : packed.address();
      long panelBytes = way.decodes ? decodedBytes : format.panelBytes(cols);
      Products products =
          (panel, count, to) ->
              PanelCode.product(
                  code.product(format, way.decodes, way.input, tokens),
                  first + panel * panelBytes,
                  0,
                  count,
                  input.address(),
                  cols / (way.decodes ? 32 : format.columns()),
                  to.address() + 64L * panel,
                  stride,
                  init.address() + 64L * panel,
                  stride,
                  64,
                  input.address(),
                  scratch);
      products.run(0, panels, out);
      for (int p = 0; p < panels; p++) {
        products.run(p, 1, alone);
      }
      // threads share panels by chance, which results must not tell
      assertEquals(-1, alone.segment().mismatch(out.segment()), () -> way + ": panels alone");
      double errors = 0;
      float[] w = new float[cols];
      for (int r = 0; r < rows; r++) {
        Dequantizer.decode(way.type, file.segment(), r * rowBytes, w, 0, cols);
        if (way.decodes) {
          decoded(way, decoded.address() + r / 16 * decodedBytes, r, w);
        }
        for (int t = 0; t < tokens; t++) {
          String place = ": row " + r + " of token " + t;
          Supplier<String> what = () -> way + ", " + cols + " columns, " + tokens + place;
          float begin = init.segment().get(FLOAT, t * stride + 4L * r);
          float actual = out.segment().get(FLOAT, t * stride + 4L * r);
          double error = result(way, begin, w, x[t], actual, what);
          errors += error * error;
        }
      }
      return errors;
    }
  }

  /** A row of a decoded panel must have the very values, but for subnormal ones that are split. */
  private static void decoded(Way way, long panel, int row, float[] expected) {
    boolean split = way.input.split();
    int numbers = split ? PanelFormats.of(way.type).splits() : 1;
    for (int c = 0; c < expected.length; c++) {
      if (!Float.isFinite(expected[c]) || split && Math.abs(expected[c]) > MOST_SPLIT) {
        continue;
      }
      float sum = 0;
      for (int n = 0; n < numbers; n++) {
        if (split) {
          long at = ((c / 32 * numbers + n) * 16L + c % 32 / 2) * 64 + row % 16 * 4 + c % 2 * 2;
          short word = NativeCode.ALL.get(ValueLayout.JAVA_SHORT_UNALIGNED, panel + at);
          sum += Float.intBitsToFloat(word << 16);
        } else {
          sum = NativeCode.ALL.get(FLOAT, panel + 64L * c + row % 16 * 4);
        }
      }
      // of numbers near the smallest the last bits may be cut off
      float lost = split ? 0x1p-133f : 0;
      if (Math.abs(expected[c] - sum) > lost || Float.isNaN(sum)) {
        fail(way + ": row " + row + ", column " + c + ": " + sum + ", not " + expected[c]);
      }
    }
  }

  /** Checks a result; returns its error. */
  private static double result(
      Way way, float init, float[] w, float[] x, float actual, Supplier<String> what) {
    double sum = init;
    double size = Math.abs(sum);
    double tiny = Float.MIN_VALUE * w.length;
    for (int c = 0; c < w.length; c++) {
      sum += (double) w[c] * x[c];
      size += Math.abs((double) w[c] * x[c]);
      if (way.input.split()) {
        // up to three numbers that may be lost, times the other factor
        tiny += 3 * Float.MIN_NORMAL * (1 + Math.abs((double) w[c]) + Math.abs((double) x[c]));
        if (Math.abs(w[c]) > MOST_SPLIT) {
          return 0; // what rounds to infinity is no number, even times zero
        }
      }
    }
    if (way.input.split() && !(size < 3e38)) {
      assertFalse(Math.abs(actual) < 3e37, () -> what.get() + ": " + actual);
    } else if (size < Float.MAX_VALUE) {
      assertEquals(sum, actual, 6e-8 * (w.length + 1) * size + tiny, what);
    } else if (!Double.isFinite(size)) {
      assertEquals(sum, actual, what);
    }
    return actual - sum;
  }

  @ParameterizedTest
  @MethodSource("ways")
  void oddShapes(Way way) {
    SplittableRandom random = new SplittableRandom(3);
    int most = way.mostTokens();
    int block = PanelFormats.of(way.type).columns();
    for (int rows : new int[] {1, 16, 17, 33}) {
      for (int cols : new int[] {block, 3 * block}) {
        byte[] weights = weights(way.type, rows, cols, random);
        for (int tokens = 1; tokens <= most; tokens++) {
          // all numbers of tokens with one shape, the fewest and the most with the others
          if (rows == 17 && cols == block || tokens == 1 || tokens == most) {
            check(way, weights, rows, cols, activations(tokens, cols, random));
          }
        }
      }
    }
  }

  /** Products of split numbers are no worse than twice the error of multiplying and adding. */
  @ParameterizedTest
  @MethodSource("floatWays")
  void splitNumbersAreAsExact(Way way) {
    if (!way.input.split()) {
      return;
    }
    SplittableRandom random = new SplittableRandom(6);
    for (int cols : new int[] {64, 2048}) {
      byte[] weights = weights(way.type, 32, cols, random);
      float[][] x = activations(4, cols, random);
      double split = Math.sqrt(check(way, weights, 32, cols, x));
      Way plain = new Way(Isa.AVX512_VNNI, way.type, InputFormat.FLOATS, false);
      double floats = Math.sqrt(check(plain, weights, 32, cols, x));
      assertTrue(split < 2 * floats, way + ", " + cols + " columns: " + split + ", " + floats);
    }
  }

  /** Every bit pattern of 16 bits, and random ones of 32: subnormal, infinite, no numbers. */
  @ParameterizedTest
  @MethodSource("ways")
  void everyWeight(Way way) {
    SplittableRandom random = new SplittableRandom(4);
    int cols = Math.max(64, way.type.blockSize());
    byte[] weights = new byte[(int) way.type.rowBytes(1 << 16)];
    if (way.type == GgmlType.F16 || way.type == GgmlType.BF16) {
      for (int i = 0; i < 1 << 16; i++) {
        weights[2 * i] = (byte) i;
        weights[2 * i + 1] = (byte) (i >> 8);
      }
    } else {
      random.nextBytes(weights);
    }
    // one weight at a time, so that none hides behind a larger one
    for (int column : new int[] {0, 1, 31, 62, 63}) {
      float[][] x = new float[way.mostTokens() > 1 ? 2 : 1][cols];
      x[0][column] = 1;
      x[x.length - 1][column] = -0.75f;
      check(way, weights, (1 << 16) / cols, cols, x);
    }
  }

  @ParameterizedTest
  @MethodSource("floatWays")
  void whatIsNoNumberShows(Way way) {
    SplittableRandom random = new SplittableRandom(5);
    byte[] weights = weights(way.type, 16, 64, random);
    for (float poison : new float[] {Float.NaN, Float.POSITIVE_INFINITY, -1f / 0, 1e-45f, 3e38f}) {
      float[][] x = activations(3, 64, random);
      x[1][37] = poison;
      check(way, weights, 16, 64, x);
    }
  }

  /** No panels where rows are not made of whole blocks. */
  @ParameterizedTest
  @MethodSource("floatWays")
  void oddColumnsHaveNone(Way way) {
    assertEquals(null, way.format(33));
    assertTrue(way.format(64) != null, way.toString());
  }
}
