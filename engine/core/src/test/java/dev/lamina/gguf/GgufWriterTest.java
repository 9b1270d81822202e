package dev.lamina.gguf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.LaminaException;
import dev.lamina.testing.Shared;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GgufWriterTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(ints = {1, 8, 32, 64, 4096})
  void whatIsWrittenIsRead(int alignment) {
    Path path = folder.resolve("model.gguf");
    byte[] first = new byte[(int) GgmlType.Q4_0.rowBytes(96)];
    byte[] second = new byte[12];
    SyntheticWeights.fill(GgmlType.Q4_0, 1, MemorySegment.ofArray(first), 1);
    SyntheticWeights.fill(GgmlType.F32, 2, MemorySegment.ofArray(second), 1);
    try (GgufWriter out = GgufWriter.create(path)) {
      if (alignment != 32) {
        out.alignment(alignment);
      }
      out.put("general.architecture", "llama")
          .put("an.int", 7)
          .put("a.negative.int", -7)
          .put("a.long", 1L << 40)
          .put("a.huge.long", BigInteger.ONE.shiftLeft(64).subtract(BigInteger.ONE))
          .put("a.float", 1e-5f)
          .put("a.double", Math.PI)
          .put("a.bool", true)
          .put("some.ints", new int[] {1, -2, 3})
          .put("some.longs", new long[] {1L << 33})
          .put("some.floats", new float[] {0.5f, Float.NaN})
          .put("some.doubles", new double[] {0.25})
          .put("some.bools", new boolean[] {true, false})
          .put("some.strings", List.of("", "ä€😀"))
          .put("no.strings", new String[0])
          .tensor("a.weight", GgmlType.Q4_0, 32, 3)
          .tensor("a.bias", GgmlType.F32, 3);
      long declared = out.fileBytes();
      out.append("a.bias", MemorySegment.ofArray(second));
      out.append("a.weight", MemorySegment.ofArray(first).asSlice(0, 18));
      out.append("a.weight", MemorySegment.ofArray(first).asSlice(18));
      assertFalse(Files.exists(path));
      out.finish();
      assertEquals(declared, path.toFile().length());
    }
    try (GgufFile file = GgufFile.open(path)) {
      Metadata meta = file.metadata();
      assertEquals(3, file.version());
      assertEquals(alignment, file.alignment());
      assertEquals("llama", meta.string("general.architecture"));
      assertEquals(7, meta.integer("an.int"));
      assertEquals(-7, meta.integer("a.negative.int"));
      assertEquals(1L << 40, meta.raw("a.long").orElseThrow());
      assertEquals(new BigInteger("18446744073709551615"), meta.raw("a.huge.long").orElseThrow());
      assertEquals(1e-5f, meta.number("a.float"));
      assertEquals(Math.PI, meta.raw("a.double").orElseThrow());
      assertTrue(meta.bool("a.bool", false));
      assertArrayEquals(new int[] {1, -2, 3}, meta.integers("some.ints"));
      assertEquals(List.of(1L << 33), meta.raw("some.longs").orElseThrow());
      assertArrayEquals(new float[] {0.5f, Float.NaN}, meta.floats("some.floats"));
      assertEquals(List.of(0.25), meta.raw("some.doubles").orElseThrow());
      assertArrayEquals(new boolean[] {true, false}, meta.bools("some.bools"));
      assertEquals(List.of("", "ä€😀"), meta.strings("some.strings"));
      assertEquals(List.of(), meta.strings("no.strings"));
      assertEquals(List.of("a.weight", "a.bias"), names(file));
      TensorInfo weight = file.tensor("a.weight").orElseThrow();
      assertArrayEquals(new long[] {32, 3}, weight.shape());
      assertEquals(GgmlType.Q4_0, weight.type());
      assertArrayEquals(first, file.data(weight).toArray(ValueLayout.JAVA_BYTE));
      TensorInfo bias = file.tensor("a.bias").orElseThrow();
      assertArrayEquals(second, file.data(bias).toArray(ValueLayout.JAVA_BYTE));
    }
  }

  /** A model copied key by key and tensor by tensor is the same file, byte for byte. */
  @Test
  void aCopyOfAFileOfLlamaCppIsThatFile() throws IOException {
    Path original = Shared.reference("demo-model/demo-Q4_K_M.gguf");
    Path copy = folder.resolve("copy.gguf");
    try (GgufFile in = GgufFile.open(original);
        GgufWriter out = GgufWriter.create(copy)) {
      out.copyMetadata(in, key -> true);
      for (TensorInfo t : in.tensors()) {
        out.tensor(t.name(), t.type(), t.shape());
      }
      for (TensorInfo t : in.tensors()) {
        out.append(t.name(), in.data(t));
      }
      out.finish();
    }
    assertEquals(-1, Files.mismatch(original, copy));
  }

  @Test
  void anUnfinishedFileLeavesNothing() throws IOException {
    Path path = folder.resolve("model.gguf");
    Files.writeString(path, "before");
    try (GgufWriter out = GgufWriter.create(path)) {
      out.tensor("a", GgmlType.F32, 2).append("a", MemorySegment.ofArray(new byte[4]));
      assertThrows(IllegalStateException.class, out::finish);
    }
    assertEquals("before", Files.readString(path));
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(List.of(path), files.toList());
    }
  }

  @Test
  void aFinishedFileReplacesTheOneOfItsName() throws IOException {
    Path path = folder.resolve("model.gguf");
    Files.writeString(path, "before");
    try (GgufWriter out = GgufWriter.create(path)) {
      out.put("general.architecture", "llama").finish();
    }
    try (GgufFile file = GgufFile.open(path)) {
      assertEquals("llama", file.metadata().string("general.architecture"));
      assertEquals(List.of(), file.tensors());
    }
  }

  @Test
  void misuseIsRefused() {
    try (GgufWriter out = GgufWriter.create(folder.resolve("model.gguf"))) {
      out.put("key", 1).tensor("a", GgmlType.F32, 2);
      MemorySegment two = MemorySegment.ofArray(new byte[8]);
      assertThrows(IllegalArgumentException.class, () -> out.put("key", 2));
      assertThrows(IllegalArgumentException.class, () -> out.put("other", new Object()));
      assertThrows(IllegalArgumentException.class, () -> out.tensor("a", GgmlType.F32, 2));
      assertThrows(IllegalArgumentException.class, () -> out.tensor("b", GgmlType.Q4_0, 33));
      assertThrows(IllegalArgumentException.class, () -> out.append("c", two));
      out.append("a", two);
      assertThrows(IllegalArgumentException.class, () -> out.append("a", two));
      assertThrows(IllegalStateException.class, () -> out.put("late", 1));
    }
  }

  @Test
  void aMissingFolderIsTold() {
    LaminaException e =
        assertThrows(
            LaminaException.class, () -> GgufWriter.create(folder.resolve("no/model.gguf")));
    assertTrue(e.getMessage().contains("folder to write to does not exist"), e.getMessage());
  }

  private static List<String> names(GgufFile file) {
    return file.tensors().stream().map(TensorInfo::name).toList();
  }
}
