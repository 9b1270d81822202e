package dev.lamina.gguf;

import static dev.lamina.gguf.Crafted.oneKey;
import static dev.lamina.gguf.Crafted.oneTensor;
import static dev.lamina.gguf.Crafted.refused;
import static dev.lamina.gguf.Crafted.twoTensors;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that are wrong in one way each: all end in a sentence with the file, field and offset. */
class CraftedFilesTest {
  private static final int F32 = GgmlType.F32.id();

  // Sizes that wrap around, and counts that nothing can hold.

  @Test
  void aDimensionOf2To42Plus1ThatWrapsTheByteCount() {
    refused(
        oneTensor().tensor("w", F32, 0, (1L << 42) + 1, 1L << 20).data(32, 1 << 22),
        "tensor w",
        "[4398046511105, 1048576] are too large",
        "offset 37");
  }

  @Test
  void dimensionsWhoseProductWraps() {
    refused(oneTensor().tensor("w", F32, 0, 1L << 32, 1L << 32), "too large");
    refused(oneTensor().tensor("w", F32, 0, 1L << 62, 4, 0), "too large");
    refused(oneTensor().tensor("w", GgmlType.Q8_0.id(), 0, 1L << 62, 2), "too large");
    refused(oneTensor().tensor("w", F32, 0, -1), "dimension 0 is 18446744073709551615");
  }

  @Test
  void anArrayOf2To63ElementsInATinyFile() {
    RawGguf raw = oneKey().key("k", ValueType.ARRAY).u32(ValueType.U8.id()).u64(Long.MIN_VALUE);
    assertEquals(49, raw.toByteArray().length);
    refused(raw, "metadata value of k", "9223372036854775808 elements of type u8", "offset 41");
    // The same file cut to 43 bytes.
    refused(Arrays.copyOf(raw.toByteArray(), 43), "the file ends after 43 bytes", "value of k");
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MIN_VALUE, -1, Long.MAX_VALUE, 1L << 61, 1L << 32, 2})
  void moreKeyValuePairsThanTheFileHolds(long count) {
    refused(
        RawGguf.file(3, 0, count).pair("k", ValueType.U8, 1),
        "the number of key-value pairs at offset 16",
        Long.toUnsignedString(count));
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MIN_VALUE, -1, Long.MAX_VALUE, 1L << 60, 1000})
  void moreTensorsThanTheFileHolds(long count) {
    refused(
        RawGguf.file(3, count, 0).tensor("w", F32, 0, 1).data(32, 4),
        "the number of tensors at offset 8",
        Long.toUnsignedString(count));
  }

  @Test
  void nestedArraysWithoutEnd() {
    RawGguf raw = oneKey().key("k", ValueType.ARRAY);
    for (int i = 0; i < 100_000; i++) {
      raw.u32(ValueType.ARRAY.id()).u64(1);
    }
    refused(raw, "metadata value of k", "nested more than 8 deep");
  }

  @Test
  void nestedArraysWithinTheBoundAreRead() {
    RawGguf raw = oneKey().key("k", ValueType.ARRAY).u32(ValueType.ARRAY.id()).u64(2);
    raw.u32(ValueType.U8.id()).u64(2).u8(1).u8(2);
    raw.u32(ValueType.STRING.id()).u64(1).string("x");
    try (GgufFile file = raw.open()) {
      assertEquals(List.of(List.of(1L, 2L), List.of("x")), file.metadata().raw("k").orElseThrow());
      assertThrows(GgufException.class, () -> file.metadata().integers("k"));
      assertThrows(GgufException.class, () -> file.metadata().strings("k"));
    }
  }

  @Test
  void aVocabularySizeFromAHeaderAlone() {
    RawGguf tokens =
        oneKey()
            .key("tokenizer.ggml.tokens", ValueType.ARRAY)
            .u32(ValueType.STRING.id())
            .u64(4_000_000_000L);
    refused(tokens, "tokenizer.ggml.tokens", "4000000000 elements of type string");
    // A bare number is no harm here; who needs a vocabulary asks for its tokens.
    try (GgufFile file = oneKey().pair("llama.vocab_size", ValueType.U32, 0xFFFFFFFFL).open()) {
      assertThrows(GgufException.class, () -> file.metadata().integer("llama.vocab_size"));
      assertEquals(List.of(), file.metadata().strings("tokenizer.ggml.tokens"));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 40, 100})
  void stringsLongerThanTheFile(long length) {
    String told = Long.toUnsignedString(length);
    refused(oneKey().u64(length).bytes(new byte[5]), "key number 0 at offset 24", told);
    refused(
        oneKey().key("k", ValueType.STRING).u64(length).bytes((byte) 'v', (byte) 'v'),
        "value of k at offset 37",
        told);
    refused(
        oneKey()
            .key("k", ValueType.ARRAY)
            .u32(ValueType.STRING.id())
            .u64(1)
            .u64(length)
            .bytes((byte) 'v'),
        "value of k",
        told);
    refused(
        oneTensor().u64(length).bytes(new byte[24]), "name of tensor number 0 at offset 24", told);
  }

  @Test
  void namesOfAbsurdLength() {
    String name = "n".repeat(70_000);
    refused(oneKey().pair(name, ValueType.U8, 1), "70000 bytes; at most 65535");
    refused(oneTensor().tensor(name, F32, 0, 1).data(32, 4), "70000 bytes; at most 65535");
  }

  // Alignment and offsets.

  @ParameterizedTest
  @ValueSource(longs = {0, 1L << 30, 3, 12, 0xFFFFFFFFL})
  void alignmentsThatMakeNoSense(long alignment) {
    refused(
        oneKey().pair("general.alignment", ValueType.U32, alignment),
        "general.alignment is " + alignment);
  }

  @Test
  void anAlignmentThatIsNoNumber() {
    refused(
        oneKey().pair("general.alignment", ValueType.STRING, "32"),
        "general.alignment is no number");
    refused(oneKey().pair("general.alignment", ValueType.F32, 32f), "general.alignment is 32.0");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4, 8, 16, 24, 32, 64, 256, 4096})
  void anyOtherAlignmentIsRead(int alignment) {
    int second = (int) GgufParser.alignUp(4, alignment);
    RawGguf raw =
        RawGguf.file(2, 2, 1)
            .pair("general.alignment", ValueType.U32, alignment)
            .tensor("a", F32, 0, 1)
            .tensor("b", F32, second, 2);
    int start = (int) GgufParser.alignUp(raw.toByteArray().length, alignment);
    byte[] bytes = raw.data(alignment, second + 8).toByteArray();
    try (GgufFile file = raw.open()) {
      assertEquals(alignment, file.alignment());
      TensorInfo b = file.tensor("b").orElseThrow();
      assertEquals(start + second, b.offset());
      assertEquals(
          -1, MemorySegment.ofArray(bytes).asSlice(start + second, 8).mismatch(file.data(b)));
    }
  }

  @Test
  void misalignedOffsets() {
    refused(
        oneTensor().tensor("w", F32, 4, 1).data(32, 64),
        "tensor w at offset 49",
        "4 is no multiple of the alignment 32");
  }

  @Test
  void overlappingTensors() {
    refused(
        twoTensors().tensor("a", F32, 0, 16).tensor("b", F32, 32, 8).data(32, 64),
        "tensor b",
        "overlaps the tensor a");
    refused(twoTensors().tensor("a", F32, 0, 1).tensor("b", F32, 0, 1).data(32, 64), "overlaps");
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MIN_VALUE, -32, Long.MAX_VALUE - 31, 1L << 62})
  void offsetsThatOverflow(long offset) {
    refused(
        oneTensor().tensor("w", F32, offset, 1).data(32, 4),
        "tensor w at offset 49",
        Long.toUnsignedString(offset));
  }

  @Test
  void anOffsetFarBeyondTheEnd() {
    refused(
        oneTensor().tensor("w", F32, 1L << 40, 1).data(32, 4), "tensor w", "beyond the file's end");
  }

  // Tensor table.

  @ParameterizedTest
  @ValueSource(longs = {5, 1L << 31, 0xFFFFFFFFL})
  void tooManyDimensions(long dimensions) {
    RawGguf raw = oneTensor().string("w").u32(dimensions).bytes(new byte[64]);
    refused(raw, "tensor w at offset 33", dimensions + " dimensions");
  }

  @Test
  void aScalarTensor() {
    try (GgufFile file = oneTensor().tensor("w", F32, 0).data(32, 4).open()) {
      TensorInfo w = file.tensor("w").orElseThrow();
      assertEquals(1, w.elements());
      assertEquals(4, file.data(w).byteSize());
    }
  }

  @Test
  void anEmptyTensor() {
    RawGguf raw = twoTensors().tensor("a", F32, 0, 0, 7).tensor("b", F32, 0, 1);
    try (GgufFile file = raw.data(32, 4).open()) {
      assertEquals(0, file.data(file.tensor("a").orElseThrow()).byteSize());
      assertEquals(4, file.data(file.tensor("b").orElseThrow()).byteSize());
    }
  }

  @Test
  void anEmptyTensorBeyondTheEnd() {
    try (GgufFile file = oneTensor().tensor("a", F32, 1 << 20, 0).open()) {
      assertEquals(0, file.data(file.tensors().getFirst()).byteSize());
    }
  }

  @Test
  void rowsThatAreNoWholeBlocks() {
    refused(
        oneTensor().tensor("w", GgmlType.Q4_K.id(), 0, 255).data(32, 256),
        "tensor w at offset 37",
        "255 values are no whole number of Q4_K blocks of 256");
  }

  @ParameterizedTest
  @CsvSource({
    "31, Q4_0_4_4, use the Q4_0 file of this model",
    "32, Q4_0_4_8, use the Q4_0 file of this model",
    "33, Q4_0_8_8, use the Q4_0 file of this model",
    "36, IQ4_NL_4_4, use the IQ4_NL file of this model",
    "37, IQ4_NL_4_8, use the IQ4_NL file of this model",
    "38, IQ4_NL_8_8, use the IQ4_NL file of this model",
    "4, Q4_2, use a Q4_0",
    "5, Q4_3, use a Q4_1",
    "9, Q8_1, intermediate",
    "15, Q8_K, intermediate",
    "40, NVFP4, not supported"
  })
  void typesThatAreNotRead(int id, String name, String advice) {
    refused(oneTensor().tensor("w", id, 0, 256), "tensor w at offset 45", "type " + name, advice);
  }

  @Test
  void theRemovedTypesAreRepackedWhileLoading() {
    refused(oneTensor().tensor("w", 32, 0, 256), "repacked", "while loading");
  }

  @ParameterizedTest
  @ValueSource(longs = {43, 99, 1L << 31, 0xFFFFFFFFL})
  void unknownTypesAreToldByNumber(long id) {
    refused(oneTensor().tensor("w", id, 0, 256), "type number " + id + " is not known");
  }

  @Test
  void everyTypeOfTheTableIsKnownOrExplained() {
    for (int id = 0; id < 43; id++) {
      assertEquals(
          GgmlType.byId(id).isPresent(),
          UnreadTypes.explain(id).contains("is not known"),
          "type " + id);
    }
  }

  @Test
  void duplicates() {
    refused(
        RawGguf.file(3, 0, 2).pair("k", ValueType.U8, 1).pair("k", ValueType.U8, 1),
        "key k at offset 38",
        "twice");
    refused(
        twoTensors().tensor("w", F32, 0, 1).tensor("w", F32, 32, 1).data(32, 64),
        "tensor w at offset 57",
        "twice");
  }

  @Test
  void emptyNames() {
    refused(oneKey().pair("", ValueType.U8, 1), "key number 0 at offset 24", "empty");
    refused(oneTensor().tensor("", F32, 0, 1).data(32, 4), "tensor number 0 at offset 24", "empty");
  }

  // Values.

  @Test
  void unknownValueTypes() {
    refused(oneKey().string("k").u32(13).u64(0), "value of k at offset 33", "type number 13");
    refused(
        oneKey().key("k", ValueType.ARRAY).u32(77).u64(0), "value of k at offset 37", "number 77");
  }

  @Test
  void aBoolThatIsNeitherTrueNorFalse() {
    refused(oneKey().key("k", ValueType.BOOL).u8(2), "value of k at offset 37", "2 is no bool");
    RawGguf raw = oneKey().key("k", ValueType.ARRAY).u32(ValueType.BOOL.id()).u64(2).u8(1).u8(2);
    try (GgufFile file = raw.open()) {
      GgufException e = assertThrows(GgufException.class, () -> file.metadata().bools("k"));
      assertEquals(
          "crafted.gguf: k[1] at offset 50: 2 is no bool, which is 0 or 1", e.getMessage());
    }
  }

  @Test
  void scoresStoredAsBytes() {
    RawGguf raw = oneKey().array("tokenizer.ggml.scores", ValueType.U8, 1, 2, 3);
    try (GgufFile file = raw.open()) {
      GgufException e =
          assertThrows(GgufException.class, () -> file.metadata().floats("tokenizer.ggml.scores"));
      assertEquals(
          "crafted.gguf: metadata key tokenizer.ggml.scores is an array of u8 where an array of f32"
              + " belongs",
          e.getMessage());
    }
  }

  @Test
  void namesThatAreNotUtf8() {
    byte[] bad = {'a', (byte) 0xC3, '('};
    refused(
        oneKey().u64(3).bytes(bad).u32(0).u8(0), "key number 0 at offset 32", "not valid UTF-8");
    refused(
        oneTensor().u64(3).bytes(bad).u32(1).u64(1).u32(0).u64(0).data(32, 4),
        "tensor number 0 at offset 32",
        "not valid UTF-8");
  }

  @Test
  void textThatIsNotUtf8SpoilsNothingElse() {
    byte[] bad = {'a', (byte) 0xFF};
    RawGguf raw =
        RawGguf.file(3, 0, 3)
            .key("general.author", ValueType.STRING)
            .u64(2)
            .bytes(bad)
            .key("words", ValueType.ARRAY)
            .u32(ValueType.STRING.id())
            .u64(2)
            .string("fine \uFFFD")
            .u64(2)
            .bytes(bad)
            .pair("general.name", ValueType.STRING, "good");
    try (GgufFile file = raw.open()) {
      Metadata meta = file.metadata();
      assertEquals("good", meta.string("general.name"));
      assertTrue(meta.has("general.author"));
      GgufException e =
          assertThrows(GgufException.class, () -> meta.string("general.author", "nobody"));
      assertEquals(
          "crafted.gguf: the metadata value of general.author at offset 58: is not valid UTF-8",
          e.getMessage());
      List<String> words = meta.strings("words");
      assertEquals("fine \uFFFD", words.get(0));
      assertThrows(GgufException.class, () -> words.get(1));
    }
  }

  @Test
  void namesWithControlCharactersDoNotReachTheTerminal() {
    GgufException e =
        assertThrows(
            GgufException.class, () -> oneTensor().tensor("\u001b[2Jx\n", 99, 0, 1).open());
    assertTrue(e.getMessage().chars().noneMatch(Character::isISOControl), e.getMessage());
  }
}
