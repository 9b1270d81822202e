package dev.lamina.cpu.panel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.cpu.code.InstructionSet;
import dev.lamina.cpu.code.NativeCode;
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
 * Every generated function against plain loops over what the weights and the rounded activations
 * stand for. All memory that is read or written ends at a page that must not be touched.
 */
class PanelCodeTest {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

  @BeforeAll
  static void needsMachineCode() {
    Assumptions.assumeTrue(!InstructionSet.here().isEmpty(), "no machine code on this system");
  }

  static List<InstructionSet> isas() {
    return InstructionSet.here();
  }

  static List<Arguments> functions() {
    List<Arguments> all = new ArrayList<>();
    for (InstructionSet isa : isas()) {
      for (GgmlType type : PanelFormats.types()) {
        if (PanelFormats.of(type).input().rounded()) {
          all.add(Arguments.of(isa, type));
        }
      }
    }
    return all;
  }

  /** Values of which some blocks are all the same, some tiny and some zero. */
  private static float[] activations(int n, SplittableRandom random) {
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      float size = (i / 32 % 5) == 3 ? 1e-20f : (i / 32 % 5) == 4 ? 0 : 1;
      x[i] = (float) random.nextGaussian() * size;
    }
    if (n >= 64) {
      for (int i = 32; i < 64; i++) {
        x[i] = -3;
      }
    }
    return x;
  }

  /** Rounds rows, checks each record, and gives back what they stand for. */
  private static double[][] rounded(
      PanelCode code, InputFormat format, float[][] x, long target, long scratch) {
    int rows = x.length;
    int cols = x[0].length;
    double[][] values = new double[rows][cols];
    for (int t = 0; t < rows; t++) {
      long step = (long) rows * format.recordBytes();
      long to = target + (long) t * format.recordBytes();
      try (Guarded row = new Guarded(4L * cols)) {
        MemorySegment.copy(x[t], 0, row.segment(), FLOAT, 0, cols);
        PanelCode.quantize(code.quantize(format), row.address(), cols, to, step, scratch);
      }
      for (int r = 0; r < cols / 32; r++) {
        MemorySegment record = NativeCode.ALL.asSlice(to + r * step, format.recordBytes());
        float d = record.get(FLOAT, InputFormat.SCALE);
        float most = 0;
        int[] sums = new int[32 / format.part()];
        for (int i = 0; i < 32; i++) {
          int q = record.get(ValueLayout.JAVA_BYTE, i);
          float value = x[t][32 * r + i];
          most = Math.max(most, Math.abs(value));
          values[t][32 * r + i] = (double) d * q;
          sums[i / format.part()] += q;
          // a half, and what the rounding of the scale makes of the largest value
          assertEquals(value, d * q, 0.565 * d, "row " + t + ", value " + (32 * r + i));
        }
        float scale = Math.max(most, 1e-30f) / 127;
        if (scale > 1e-4) {
          assertEquals(Float.float16ToFloat(Float.floatToFloat16(scale)), d, 1e-3 * d);
        }
        assertEquals(scale, d, 0x1.001p-11 * scale);
        assertEquals(0, Float.floatToRawIntBits(d) & 0x1fff, "11 bits");
        for (int part = 0; part < sums.length; part++) {
          int at = InputFormat.SUMS + 4 * part;
          if (format.offset() == 0) {
            assertEquals(sums[part] * d, record.get(FLOAT, at), 1e-6 * Math.abs(sums[part] * d));
          } else {
            assertEquals(-format.offset() * sums[part], record.get(INT, at));
          }
        }
      }
    }
    return values;
  }

  private static void check(
      InstructionSet isa, GgmlType type, byte[] blocks, int rows, int cols, int tokens) {
    PanelCode code = PanelCode.of(isa);
    PanelFormat format = PanelFormats.of(type);
    int panels = PanelFormat.panels(rows);
    SplittableRandom random = new SplittableRandom(rows * 31L + cols + tokens);
    long rowBytes = type.rowBytes(cols);
    long inputBytes = format.input().rowBytes(cols) * tokens;
    try (Arena arena = Arena.ofConfined();
        Guarded file = new Guarded(rowBytes * rows);
        Guarded packed = new Guarded(format.bytes(cols, rows, 1));
        Guarded input = new Guarded(inputBytes);
        Guarded init = new Guarded(64L * panels * tokens);
        Guarded out = new Guarded(64L * panels * tokens)) {
      MemorySegment used = arena.allocate(PanelCode.CALL_SCRATCH, 64);
      used.fill((byte) 0x7b); // nothing may be taken for granted of what was there before
      long scratch = used.address();
      MemorySegment.copy(
          blocks, 0, file.segment(), ValueLayout.JAVA_BYTE, 0, (int) (rowBytes * rows));
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
      float[][] x = new float[tokens][];
      for (int t = 0; t < tokens; t++) {
        x[t] = activations(cols, random);
      }
      double[][] rounded = rounded(code, format.input(), x, input.address(), scratch);
      for (int i = 0; i < 16 * panels * tokens; i++) {
        init.segment().set(FLOAT, 4L * i, (float) random.nextGaussian() * 1e-3f);
      }
      long stride = 64L * panels;
      PanelCode.product(
          code.product(format, false, format.input(), tokens),
          packed.address(),
          0,
          panels,
          input.address(),
          cols / type.blockSize(),
          out.address(),
          stride,
          init.address(),
          stride,
          64,
          input.address(),
          scratch);
      float[] w = new float[cols];
      for (int r = 0; r < rows; r++) {
        Dequantizer.decode(type, file.segment(), r * rowBytes, w, 0, cols);
        for (int t = 0; t < tokens; t++) {
          double sum = init.segment().get(FLOAT, t * stride + 4L * r);
          double size = Math.abs(sum);
          for (int c = 0; c < cols; c++) {
            sum += w[c] * rounded[t][c];
            size += Math.abs(w[c] * rounded[t][c]);
          }
          float actual = out.segment().get(FLOAT, t * stride + 4L * r);
          if (size < Float.MAX_VALUE) {
            // parts are taken from each other where there are minimums: a few roundings of those
            assertEquals(
                sum,
                actual,
                3e-6 * size + 1e-37,
                "%s %s, %d x %d, %d tokens: row %d of token %d"
                    .formatted(isa, type, cols, rows, tokens, r, t));
          }
        }
      }
    }
  }

  static byte[] random(GgmlType type, int rows, int cols) {
    byte[] blocks = new byte[(int) (type.rowBytes(cols) * rows)];
    new SplittableRandom(5).nextBytes(blocks);
    return blocks;
  }

  @ParameterizedTest
  @MethodSource("functions")
  void oddShapes(InstructionSet isa, GgmlType type) {
    for (int rows : new int[] {1, 15, 16, 17, 33}) {
      for (int blocks : type.blockSize() == 256 ? new int[] {1, 2} : new int[] {1, 3, 8}) {
        int cols = blocks * type.blockSize();
        byte[] weights = moderate(type, random(type, rows, cols));
        int most = PanelCode.of(isa).mostTokens(PanelFormats.of(type).input());
        for (int tokens = 1; tokens <= most; tokens++) {
          // all numbers of tokens with one shape, the fewest and the most with the others
          if (rows != 17 && tokens != 1 && tokens != most) {
            continue;
          }
          check(isa, type, weights, rows, cols, tokens);
        }
      }
    }
  }

  /**
   * All bits of all blocks at random, or all set, or none: scales of any size, and values that
   * together with a record of the largest activations come near to the limits of 16 bits.
   */
  @ParameterizedTest
  @MethodSource("functions")
  void extremeBlocks(InstructionSet isa, GgmlType type) {
    int cols = 4 * type.blockSize();
    check(isa, type, random(type, 64, cols), 64, cols, 2);
    for (int fill : new int[] {0, 0xff, 0x80, 0x7f}) {
      byte[] blocks = new byte[(int) (type.rowBytes(cols) * 17)];
      java.util.Arrays.fill(blocks, (byte) fill);
      int most = PanelCode.of(isa).mostTokens(PanelFormats.of(type).input());
      for (int tokens : new int[] {1, 3, 7, most}) {
        check(isa, type, moderate(type, blocks), 17, cols, tokens);
      }
    }
  }

  /** Gives every block scales of usual size. */
  static byte[] moderate(GgmlType type, byte[] blocks) {
    SplittableRandom random = new SplittableRandom(blocks.length);
    for (int b = 0; b < blocks.length / type.blockBytes(); b++) {
      int at = b * type.blockBytes();
      switch (type) {
        case MXFP4 -> blocks[at] = (byte) (120 + random.nextInt(8));
        case IQ1_M -> {
          short d = Float.floatToFloat16((float) random.nextDouble(-1, 1));
          for (int k = 0; k < 4; k++) {
            int top = at + 49 + 2 * k;
            blocks[top] = (byte) (blocks[top] & 15 | (d >> 4 * k & 15) << 4);
          }
        }
        case Q2_K -> {
          half(blocks, at + 80, random);
          half(blocks, at + 82, random);
        }
        case Q3_K -> half(blocks, at + 108, random);
        case Q6_K -> half(blocks, at + 208, random);
        case TQ1_0 -> half(blocks, at + 52, random);
        case TQ2_0 -> half(blocks, at + 64, random);
        case Q4_1, Q5_1, Q4_K, Q5_K -> {
          half(blocks, at, random);
          half(blocks, at + 2, random);
        }
        default -> half(blocks, at, random);
      }
    }
    return blocks;
  }

  private static void half(byte[] blocks, int at, SplittableRandom random) {
    short bits = Float.floatToFloat16((float) random.nextDouble(-1, 1));
    blocks[at] = (byte) bits;
    blocks[at + 1] = (byte) (bits >> 8);
  }

  @ParameterizedTest
  @MethodSource("isas")
  void whatIsNoNumberShows(InstructionSet isa) {
    PanelCode code = PanelCode.of(isa);
    InputFormat format = new InputFormat(32, 8);
    try (Arena arena = Arena.ofConfined();
        Guarded row = new Guarded(256);
        Guarded target = new Guarded(2L * format.recordBytes())) {
      long scratch = arena.allocate(PanelCode.CALL_SCRATCH, 64).address();
      for (float poison : new float[] {Float.NaN, Float.POSITIVE_INFINITY, -1f / 0}) {
        row.segment().fill((byte) 0);
        row.segment().set(FLOAT, 128 + 4 * 7, poison);
        PanelCode.quantize(
            code.quantize(format),
            row.address(),
            64,
            target.address(),
            format.recordBytes(),
            scratch);
        assertTrue(Float.isFinite(target.segment().get(FLOAT, InputFormat.SCALE)));
        float d = target.segment().get(FLOAT, format.recordBytes() + InputFormat.SCALE);
        assertTrue(!Float.isFinite(d), poison + " became " + d);
      }
    }
  }
}
