package dev.lamina.quantize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.gguf.Dequantizer;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.Reference;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class QuantizerTest {
  private static final String INDEX = index();

  static Stream<GgmlType> types() {
    return Arrays.stream(GgmlType.values()).filter(GgmlType::isWeightType);
  }

  static Stream<GgmlType> coded() {
    return types().filter(t -> t != GgmlType.F32);
  }

  private static String index() {
    try (InputStream in =
        Objects.requireNonNull(Reference.class.getResourceAsStream("quants/index.json"))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** What the index says of a type. */
  private static String said(GgmlType type, String key) {
    Matcher matcher =
        Pattern.compile("\"" + type + "\": \\{[^}]*\"" + key + "\": ([^,\\s]+)").matcher(INDEX);
    assertTrue(matcher.find(), () -> type + " " + key);
    return matcher.group(1);
  }

  private static float[] importance(GgmlType type) {
    return Boolean.parseBoolean(said(type, "quantized_with_importance"))
        ? Reference.floats("importance.f32")
        : null;
  }

  private static byte[] quantize(GgmlType type, float[] x, int rows, int cols, float[] importance) {
    byte[] out = new byte[(int) type.rowBytes(cols) * rows];
    Quantizer.of(type).quantize(x, 0, rows, cols, importance, out, 0);
    return out;
  }

  /** The very same blocks, which says more than the same error. */
  @ParameterizedTest
  @MethodSource("coded")
  void makesTheBlocksThatGgmlMakes(GgmlType type) {
    float[] x = Reference.floats("input.f32");
    byte[] blocks = quantize(type, x, Reference.ROWS, Reference.COLS, importance(type));
    assertArrayEquals(
        comparable(type, x, Reference.bytes(type + ".blocks")), comparable(type, x, blocks));
  }

  /**
   * The blocks without those that ggml gets wrong: its IQ3_S writes what follows a group of 32
   * zeros to that group's place.
   */
  private static byte[] comparable(GgmlType type, float[] x, byte[] blocks) {
    if (type != GgmlType.IQ3_S) {
      return blocks;
    }
    var out = new ByteArrayOutputStream();
    int left = 0;
    for (int b = 0; b < x.length / 256; b++) {
      boolean zeros = false;
      for (int g = b * 8; g < b * 8 + 8; g++) {
        boolean all = true;
        for (int i = 0; i < 32; i++) {
          all &= x[g * 32 + i] == 0;
        }
        zeros |= all;
      }
      if (!zeros) {
        out.write(blocks, b * type.blockBytes(), type.blockBytes());
      } else {
        left++;
      }
    }
    assertTrue(left <= 3, "almost nothing is left out");
    return out.toByteArray();
  }

  /** Relative root of the mean square error, in the way of the index. */
  @ParameterizedTest
  @MethodSource("coded")
  void errsNoMoreThanGgml(GgmlType type) {
    float[] x = Reference.floats("input.f32");
    byte[] blocks = quantize(type, x, Reference.ROWS, Reference.COLS, importance(type));
    float[] decoded = new float[x.length];
    Dequantizer.decode(type, MemorySegment.ofArray(blocks), 0, decoded, 0, x.length);
    double error = 0;
    double power = 0;
    for (int i = 0; i < x.length; i++) {
      error += Math.pow(decoded[i] - x[i], 2);
      power += Math.pow(x[i], 2);
    }
    double ggml = Double.parseDouble(said(type, "relative_rmse"));
    assertTrue(Math.sqrt(error / power) <= 1.01 * ggml, () -> type + " " + ggml);
  }

  /**
   * CRC-32 of the blocks that ggml's {@code ggml_quantize_chunk} (libggml-base, September 2026)
   * makes of {@link MadeValues}.
   */
  @ParameterizedTest
  @CsvSource({
    "F16, plain, fa0dae14",
    "BF16, plain, a2d51d4b",
    "Q8_0, plain, bb07d88a",
    "Q4_0, plain, 2ed702de",
    "Q4_0, importance, 9b971101",
    "Q4_1, plain, d176b3d3",
    "Q4_1, importance, c72f7335",
    "Q5_0, plain, 6e6112e5",
    "Q5_0, importance, 4647b6a4",
    "Q5_1, plain, 1a2eed33",
    "Q5_1, importance, 68572ee2",
    "Q2_K, plain, 2a4be6cf",
    "Q2_K, importance, 0ec8c0c2",
    "Q3_K, plain, b1123bb1",
    "Q3_K, importance, 046bc117",
    "Q4_K, plain, 51ef359f",
    "Q4_K, importance, 99647624",
    "Q5_K, plain, 121e285c",
    "Q5_K, importance, 01602223",
    "Q6_K, plain, bddbd334",
    "Q6_K, importance, a28c7a45",
    "IQ4_NL, plain, 1be89093",
    "IQ4_NL, importance, 2c853309",
    "IQ4_XS, plain, 7c485ee2",
    "IQ4_XS, importance, 1d5c4461",
    "IQ3_XXS, plain, f5829120",
    "IQ3_XXS, importance, 5e0043af",
    "IQ3_S, plain, 7f5c7515",
    "IQ3_S, importance, 154865d4",
    "IQ2_S, plain, f5da9bf4",
    "IQ2_S, importance, 72d72bb6",
    "IQ2_XS, importance, 1e41deac",
    "IQ2_XXS, importance, 6d22274d",
    "IQ1_M, plain, 461a7da8",
    "IQ1_M, importance, e9dea657",
    "IQ1_S, importance, 0bdcb050",
    "TQ1_0, plain, 2cb57138",
    "TQ2_0, plain, 5d05d9b4",
    "MXFP4, plain, 4375b318"
  })
  void makesTheBlocksThatGgmlMakesOfManyValues(GgmlType type, String how, String crc) {
    float[] importance = how.equals("plain") ? null : MadeValues.importance();
    byte[] blocks =
        quantize(type, MadeValues.values(), MadeValues.ROWS, MadeValues.COLS, importance);
    CRC32 sum = new CRC32();
    sum.update(comparable(type, MadeValues.values(), blocks));
    assertEquals(crc, String.format("%08x", sum.getValue()));
  }

  /** Rows do not know of each other, and nothing is written beside their blocks. */
  @ParameterizedTest
  @MethodSource("types")
  void rowsStandAlone(GgmlType type) {
    int cols = 512;
    float[] x = Arrays.copyOf(MadeValues.values(), 40 * cols);
    float[] importance = Arrays.copyOf(MadeValues.importance(), cols);
    byte[] together = quantize(type, x, 40, cols, importance);
    Quantizer quantizer = Quantizer.of(type);
    int bytes = (int) type.rowBytes(cols);
    for (int row = 0; row < 40; row += 13) {
      byte[] out = new byte[bytes + 5];
      Arrays.fill(out, (byte) 0x5A);
      quantizer.quantize(x, row * cols, 1, cols, importance, out, 3);
      assertArrayEquals(
          Arrays.copyOfRange(together, row * bytes, (row + 1) * bytes),
          Arrays.copyOfRange(out, 3, 3 + bytes));
      assertEquals(0x5A5A5A, out[0] << 16 | out[1] << 8 | out[2]);
      assertEquals(0x5A5A, out[3 + bytes] << 8 | out[4 + bytes]);
    }
  }

  /** Importances of nothing but zeros leave no reason to prefer anything, but no garbage either. */
  @ParameterizedTest
  @MethodSource("types")
  void importancesOfZeroGiveNumbers(GgmlType type) {
    float[] x = Arrays.copyOf(MadeValues.values(), 1024);
    byte[] blocks = quantize(type, x, 2, 512, new float[512]);
    float[] decoded = new float[1024];
    Dequantizer.decode(type, MemorySegment.ofArray(blocks), 0, decoded, 0, 1024);
    for (float v : decoded) {
      assertTrue(Math.abs(v) < 2, () -> type + " " + v);
    }
  }

  @ParameterizedTest
  @MethodSource("types")
  void refusesWhatDoesNotFit(GgmlType type) {
    Quantizer quantizer = Quantizer.of(type);
    float[] x = new float[512];
    float[] importance = new float[256];
    byte[] out = new byte[(int) type.rowBytes(512)];
    assertThrows(
        IndexOutOfBoundsException.class,
        () -> quantizer.quantize(x, 1, 2, 256, importance, out, 0));
    assertThrows(
        IndexOutOfBoundsException.class,
        () -> quantizer.quantize(x, 0, 2, 256, importance, out, 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> quantizer.quantize(x, 0, 2, 256, new float[255], out, 0));
    if (type.blockSize() > 1) {
      assertThrows(
          IllegalArgumentException.class,
          () -> quantizer.quantize(x, 0, 1, type.blockSize() + 1, null, out, 0));
    }
  }

  @Test
  void integersAreNoWeights() {
    assertThrows(IllegalArgumentException.class, () -> Quantizer.of(GgmlType.I32));
  }
}
