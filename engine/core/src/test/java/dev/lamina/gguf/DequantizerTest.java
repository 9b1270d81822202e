package dev.lamina.gguf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DequantizerTest {
  private static final int VALUES = Reference.ROWS * Reference.COLS;

  static Stream<GgmlType> types() {
    return Arrays.stream(GgmlType.values()).filter(GgmlType::isWeightType);
  }

  /** F32 is a copy: there is nothing to decode, and no golden file. */
  static Stream<GgmlType> typesToDecode() {
    return types().filter(t -> t != GgmlType.F32);
  }

  @Test
  void thereAre25Types() {
    assertEquals(25, types().count());
  }

  @ParameterizedTest
  @MethodSource("types")
  void decodesWhatGgmlQuantized(GgmlType type) {
    float[] out = new float[VALUES];
    Dequantizer.decode(type, Reference.blocks(type), 0, out, 0, VALUES);
    assertSameBits(Reference.decoded(type), out);
  }

  @ParameterizedTest
  @MethodSource("typesToDecode")
  void decodesAnyBitPattern(GgmlType type) {
    byte[] blocks = Reference.bytes(type + ".random.blocks");
    assertEquals(type.rowBytes(VALUES), blocks.length);
    float[] out = new float[VALUES];
    Dequantizer.decode(type, MemorySegment.ofArray(blocks), 0, out, 0, VALUES);
    assertSameBits(Reference.floats(type + ".random.f32"), out);
  }

  @ParameterizedTest
  @MethodSource("types")
  void decodesASliceAtAnOddAddressAndNothingAround(GgmlType type) {
    int count = 3 * type.blockSize();
    float[] expected = Arrays.copyOfRange(Reference.decoded(type), 512, 512 + count);
    try (Arena arena = Arena.ofConfined()) {
      long bytes = type.rowBytes(count);
      MemorySegment odd = arena.allocate(bytes + 1, 64).asSlice(1);
      odd.copyFrom(Reference.blocks(type).asSlice(type.rowBytes(512), bytes));
      float[] out = new float[count + 7];
      Arrays.fill(out, -7.25f);
      Dequantizer.of(type).decode(odd, 0, out, 3, count);
      assertSameBits(expected, Arrays.copyOfRange(out, 3, 3 + count));
      assertArrayEquals(new float[] {-7.25f, -7.25f, -7.25f}, Arrays.copyOf(out, 3));
      assertEquals(-7.25f, out[3 + count]);

      MemorySegment memory = arena.allocate(4L * count + 2, 64);
      Dequantizer.of(type).decode(odd, 0, memory, 1, (long) count);
      float[] read = new float[count];
      MemorySegment.copy(memory, ValueLayout.JAVA_FLOAT_UNALIGNED, 1, read, 0, count);
      assertSameBits(expected, read);
    }
  }

  @ParameterizedTest
  @MethodSource("types")
  void decodesLongRowsToMemoryInChunks(GgmlType type) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(4L * VALUES, 64);
      Dequantizer.of(type).decode(Reference.blocks(type), 0, memory, 0, (long) VALUES);
      assertSameBits(Reference.decoded(type), memory.toArray(ValueLayout.JAVA_FLOAT));
    }
  }

  @ParameterizedTest
  @MethodSource("types")
  void refusesWhatDoesNotFit(GgmlType type) {
    Dequantizer decoder = Dequantizer.of(type);
    MemorySegment blocks = MemorySegment.ofArray(new byte[2 * type.blockBytes()]);
    int block = type.blockSize();
    float[] out = new float[2 * block];
    assertThrows(
        IndexOutOfBoundsException.class, () -> decoder.decode(blocks, 0, out, 0, 3 * block));
    assertThrows(
        IndexOutOfBoundsException.class, () -> decoder.decode(blocks, 1, out, 0, out.length));
    assertThrows(
        IndexOutOfBoundsException.class, () -> decoder.decode(blocks, 0, out, 1, out.length));
    if (block > 1) {
      assertThrows(
          IllegalArgumentException.class, () -> decoder.decode(blocks, 0, out, 0, block + 1));
    }
    decoder.decode(blocks, 0, out, out.length, 0);
  }

  @Test
  void integersAreNoWeights() {
    assertThrows(IllegalArgumentException.class, () -> Dequantizer.of(GgmlType.I32));
  }

  @Test
  void layoutsAreGgmls() {
    String json = new String(resource("index.json"), StandardCharsets.UTF_8);
    Matcher matcher =
        Pattern.compile(
                "\"(\\w+)\": \\{\\s*\"id\": (\\d+),\\s*\"block_values\": (\\d+),"
                    + "\\s*\"block_bytes\": (\\d+)")
            .matcher(json);
    int found = 0;
    while (matcher.find()) {
      GgmlType type = GgmlType.valueOf(matcher.group(1));
      assertEquals(Integer.parseInt(matcher.group(2)), type.id());
      assertEquals(Integer.parseInt(matcher.group(3)), type.blockSize());
      assertEquals(Integer.parseInt(matcher.group(4)), type.blockBytes());
      found++;
    }
    assertEquals(24, found);
  }

  @Test
  void tablesAreGgmls() {
    String json = new String(Reference.bytes("tables.json"), StandardCharsets.US_ASCII);
    assertArrayEquals(table(json, "iq2xxs_grid"), QuantTables.iq2xxs());
    assertArrayEquals(table(json, "iq2xs_grid"), QuantTables.iq2xs());
    assertArrayEquals(table(json, "iq2s_grid"), QuantTables.iq2s());
    assertArrayEquals(table(json, "iq1s_grid"), QuantTables.iq1s());
    assertArrayEquals(
        table(json, "iq3xxs_grid"), Arrays.stream(QuantTables.iq3xxs()).asLongStream().toArray());
    assertArrayEquals(
        table(json, "iq3s_grid"), Arrays.stream(QuantTables.iq3s()).asLongStream().toArray());
    assertArrayEquals(bytes(table(json, "ksigns_iq2xs")), QuantTables.signs());
    assertArrayEquals(bytes(table(json, "kvalues_iq4nl")), QuantTables.iq4nl());
    assertArrayEquals(bytes(table(json, "kvalues_fp4")), QuantTables.mxfp4());
  }

  private static long[] table(String json, String name) {
    Matcher matcher =
        Pattern.compile("\"" + name + "\":\\s*\\{[^\\[]*\\[([^\\]]*)\\]").matcher(json);
    assertTrue(matcher.find(), name);
    return Arrays.stream(matcher.group(1).split(","))
        .map(s -> s.replace("\"", "").strip())
        .mapToLong(
            s ->
                s.startsWith("0x") ? Long.parseUnsignedLong(s.substring(2), 16) : Long.parseLong(s))
        .toArray();
  }

  private static byte[] bytes(long[] values) {
    byte[] out = new byte[values.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = (byte) values[i];
    }
    return out;
  }

  private static byte[] resource(String name) {
    try (var in = DequantizerTest.class.getResourceAsStream("quants/" + name)) {
      return in.readAllBytes();
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** Equal bits, or both NaN. */
  private static void assertSameBits(float[] expected, float[] actual) {
    assertEquals(expected.length, actual.length);
    for (int i = 0; i < expected.length; i++) {
      if (Float.floatToIntBits(expected[i]) != Float.floatToIntBits(actual[i])) {
        fail("value " + i + " is " + actual[i] + " where " + expected[i] + " belongs");
      }
    }
  }
}
