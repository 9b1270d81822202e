package dev.lamina.gguf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The same metadata from a file and from a map answer alike. */
class MetadataTest {
  private static final BigInteger HUGE = BigInteger.ONE.shiftLeft(64).subtract(BigInteger.ONE);

  static Stream<Metadata> both() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("u8", 255);
    map.put("i8", -128);
    map.put("u16", 65_535);
    map.put("i16", (short) -32_768);
    map.put("u32", 0xFFFFFFFFL);
    map.put("i32", Integer.MIN_VALUE);
    map.put("u64", HUGE);
    map.put("i64", Long.MIN_VALUE);
    map.put("f32", 0.1f);
    map.put("f64", 0.1);
    map.put("bool", true);
    map.put("string", "ä");
    map.put("ints", new long[] {1, 2, 0xFFFFFFFFL});
    map.put("bytes", List.of(1, 255));
    map.put("floats", new float[] {0.5f});
    map.put("doubles", new double[] {0.5});
    map.put("bools", new boolean[] {true, false});
    map.put("strings", List.of("a", "b"));
    map.put("huge", List.of(1, HUGE));
    map.put("empty", new int[0]);
    RawGguf raw =
        RawGguf.file(3, 0, map.size())
            .pair("u8", ValueType.U8, 255)
            .pair("i8", ValueType.I8, -128)
            .pair("u16", ValueType.U16, 65_535)
            .pair("i16", ValueType.I16, -32_768)
            .pair("u32", ValueType.U32, 0xFFFFFFFFL)
            .pair("i32", ValueType.I32, Integer.MIN_VALUE)
            .pair("u64", ValueType.U64, HUGE)
            .pair("i64", ValueType.I64, Long.MIN_VALUE)
            .pair("f32", ValueType.F32, 0.1f)
            .pair("f64", ValueType.F64, 0.1)
            .pair("bool", ValueType.BOOL, true)
            .pair("string", ValueType.STRING, "ä")
            .array("ints", ValueType.U32, 1, 2, 0xFFFFFFFFL)
            .array("bytes", ValueType.U8, 1, 255)
            .array("floats", ValueType.F32, 0.5f)
            .array("doubles", ValueType.F64, 0.5)
            .array("bools", ValueType.BOOL, true, false)
            .array("strings", ValueType.STRING, "a", "b")
            .array("huge", ValueType.U64, 1, HUGE)
            .array("empty", ValueType.U8);
    return Stream.of(Metadata.of("x.gguf", map), metadataOf(raw));
  }

  private static Metadata metadataOf(RawGguf raw) {
    return GgufFile.parse(java.lang.foreign.MemorySegment.ofArray(raw.toByteArray()), "x.gguf")
        .metadata();
  }

  private static void wrong(Runnable read, String message) {
    GgufException e = assertThrows(GgufException.class, read::run);
    assertEquals("x.gguf: " + message, e.getMessage());
  }

  @ParameterizedTest
  @MethodSource("both")
  void rawValuesHaveOneJavaTypeEach(Metadata meta) {
    assertEquals("x.gguf", meta.source());
    assertEquals(20, meta.keys().size());
    assertEquals("u8", meta.keys().iterator().next());
    assertEquals(255L, meta.raw("u8").orElseThrow());
    assertEquals(-128L, meta.raw("i8").orElseThrow());
    assertEquals(65_535L, meta.raw("u16").orElseThrow());
    assertEquals(-32_768L, meta.raw("i16").orElseThrow());
    assertEquals(0xFFFFFFFFL, meta.raw("u32").orElseThrow());
    assertEquals((long) Integer.MIN_VALUE, meta.raw("i32").orElseThrow());
    assertEquals(HUGE, meta.raw("u64").orElseThrow());
    assertEquals(Long.MIN_VALUE, meta.raw("i64").orElseThrow());
    assertEquals(0.1f, meta.raw("f32").orElseThrow());
    assertEquals(0.1, meta.raw("f64").orElseThrow());
    assertEquals(true, meta.raw("bool").orElseThrow());
    assertEquals("ä", meta.raw("string").orElseThrow());
    assertEquals(List.of(1L, 2L, 0xFFFFFFFFL), meta.raw("ints").orElseThrow());
    assertEquals(List.of(0.5), meta.raw("doubles").orElseThrow());
    assertEquals(List.of(true, false), meta.raw("bools").orElseThrow());
    assertEquals(List.of(1L, HUGE), meta.raw("huge").orElseThrow());
    assertTrue(meta.raw("nothing").isEmpty());
  }

  @ParameterizedTest
  @MethodSource("both")
  void gettersConvertWhatFits(Metadata meta) {
    assertEquals(255, meta.integer("u8"));
    assertEquals(-32_768, meta.integer("i16"));
    assertEquals(Integer.MIN_VALUE, meta.integer("i32", 7));
    assertEquals(7, meta.integer("nothing", 7));
    assertEquals(0.1f, meta.number("f32"));
    assertEquals(0.1f, meta.number("f64"));
    assertEquals(255f, meta.number("u8"));
    assertEquals(1.8446744e19f, meta.number("u64"));
    assertEquals(2f, meta.number("nothing", 2));
    assertTrue(meta.bool("bool", false));
    assertTrue(meta.bool("nothing", true));
    assertEquals("ä", meta.string("string"));
    assertEquals("other", meta.string("nothing", "other"));
    assertArrayEquals(new int[] {1, 255}, meta.integers("bytes"));
    assertArrayEquals(new float[] {0.5f}, meta.floats("floats"));
    assertArrayEquals(new boolean[] {true, false}, meta.bools("bools"));
    assertEquals(List.of("a", "b"), meta.strings("strings"));
    assertTrue(meta.isArray("ints"));
    assertFalse(meta.isArray("u8"));
    assertFalse(meta.isArray("nothing"));
    assertTrue(meta.has("u8"));
    assertFalse(meta.has("nothing"));
  }

  @ParameterizedTest
  @MethodSource("both")
  void stringsAsBytes(Metadata meta) {
    ByteStrings strings = meta.byteStrings("strings");
    assertEquals(2, strings.size());
    assertEquals("a", strings.string(0));
    assertEquals("b", strings.string(1));
    assertEquals('b', strings.bytes()[strings.start(1)]);
    assertEquals(1, strings.end(1) - strings.start(1));
    assertEquals(0, meta.byteStrings("nothing").size());
    assertEquals(0, meta.byteStrings("empty").size());
    assertThrows(GgufException.class, () -> meta.byteStrings("ints"));
  }

  @ParameterizedTest
  @MethodSource("both")
  void missingArraysAreEmpty(Metadata meta) {
    for (String key : List.of("nothing", "empty")) {
      assertEquals(List.of(), meta.strings(key));
      assertEquals(0, meta.integers(key).length);
      assertEquals(0, meta.floats(key).length);
      assertEquals(0, meta.bools(key).length);
    }
  }

  @ParameterizedTest
  @MethodSource("both")
  void otherTypesAreRefused(Metadata meta) {
    wrong(() -> meta.string("nothing"), "the metadata lacks the key nothing");
    wrong(() -> meta.integer("nothing"), "the metadata lacks the key nothing");
    wrong(() -> meta.string("u8"), "metadata key u8 is an integer where a string belongs");
    wrong(() -> meta.integer("f32"), "metadata key f32 is a float where an integer belongs");
    wrong(() -> meta.integer("u32", 1), "metadata key u32 is 4294967295, which is out of range");
    wrong(() -> meta.integer("u64"), "metadata key u64 is " + HUGE + ", which is out of range");
    wrong(() -> meta.integers("ints"), "metadata key ints[2] is 4294967295, which is out of range");
    wrong(() -> meta.bool("u8", true), "metadata key u8 is an integer where a bool belongs");
    wrong(() -> meta.number("bool"), "metadata key bool is a bool where a number belongs");
    wrong(
        () -> meta.strings("u8"),
        "metadata key u8 is an integer where an array of strings belongs");
    for (Runnable read :
        Arrays.<Runnable>asList(
            () -> meta.floats("bytes"),
            () -> meta.floats("doubles"),
            () -> meta.integers("floats"),
            () -> meta.integers("huge"),
            () -> meta.integers("strings"),
            () -> meta.strings("ints"),
            () -> meta.bools("ints"),
            () -> meta.string("strings"))) {
      assertThrows(GgufException.class, read::run);
    }
  }

  @Test
  void viewsCannotBeChanged() {
    both()
        .forEach(
            meta -> {
              assertThrows(UnsupportedOperationException.class, () -> meta.keys().remove("u8"));
              assertThrows(
                  UnsupportedOperationException.class, () -> meta.strings("strings").remove(0));
              assertThrows(IndexOutOfBoundsException.class, () -> meta.strings("strings").get(2));
            });
  }

  @Test
  void whatIsNoMetadataIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> Metadata.of("x", Map.of("k", new Object())));
    assertThrows(
        IllegalArgumentException.class,
        () -> Metadata.of("x", Map.of("k", BigInteger.ONE.shiftLeft(64))));
  }
}
