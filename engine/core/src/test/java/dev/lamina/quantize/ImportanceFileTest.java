package dev.lamina.quantize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.LaminaException;
import dev.lamina.quantize.ImportanceMatrix.Entry;
import dev.lamina.testing.Demo;
import dev.lamina.testing.Shared;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImportanceFileTest {
  @TempDir private Path folder;

  private static ImportanceMatrix matrix(String dataset, int chunks, Map<String, Entry> entries) {
    return new ImportanceMatrix(new TreeMap<>(entries), List.of(dataset), chunks, 512);
  }

  private static void assertSame(ImportanceMatrix expected, ImportanceMatrix actual) {
    assertEquals(expected.entries().keySet(), actual.entries().keySet());
    expected
        .entries()
        .forEach(
            (name, entry) -> {
              assertArrayEquals(entry.sums(), actual.entries().get(name).sums());
              assertArrayEquals(entry.counts(), actual.entries().get(name).counts());
            });
    assertEquals(expected.datasets(), actual.datasets());
    assertEquals(expected.chunks(), actual.chunks());
    assertEquals(expected.chunkSize(), actual.chunkSize());
  }

  @Test
  void whatIsWrittenIsRead() {
    ImportanceMatrix matrix =
        matrix(
            "a text",
            7,
            Map.of(
                "blk.0.attn_q.weight", new Entry(new float[] {1, 2.5f, 0}, new long[] {3584}),
                "blk.0.ffn_down_exps.weight",
                    new Entry(new float[] {1, 2, 0, 0, 5, 6}, new long[] {100, 0, 37})));
    Path file = folder.resolve("imatrix.gguf");
    ImportanceFile.write(matrix, file);
    assertSame(matrix, ImportanceFile.read(file));
    assertArrayEquals(
        new float[] {0.01f, 0.02f, 1, 1, 5 / 37f, 6 / 37f},
        matrix.importance("blk.0.ffn_down_exps.weight").orElseThrow());
    assertTrue(matrix.importance("blk.1.attn_q.weight").isEmpty());
  }

  /** Bytes and all: what llama-imatrix wrote is written again as it was. */
  @Test
  void writesWhatLlamaImatrixWrites() throws IOException {
    Path theirs = Shared.reference("demo-model/demo.imatrix.gguf");
    ImportanceMatrix matrix = ImportanceFile.read(theirs);
    assertEquals(56, matrix.entries().size());
    assertEquals(172, matrix.chunks());
    assertEquals(256, matrix.chunkSize());
    Path ours = folder.resolve("ours.gguf");
    ImportanceFile.write(matrix, ours);
    assertEquals(-1, Files.mismatch(theirs, ours));
  }

  private Path dat(boolean tail, byte... damage) throws IOException {
    ByteBuffer out = ByteBuffer.allocate(200).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(2);
    for (String name : List.of("blk.0.ffn_up.weight", "blk.0.ffn_down.weight")) {
      out.putInt(name.length()).put(name.getBytes(StandardCharsets.UTF_8));
      // Three windows; a value is a mean times three.
      out.putInt(3).putInt(2).putFloat(6).putFloat(0.75f);
    }
    if (tail) {
      out.putInt(3).putInt(4).put("text".getBytes(StandardCharsets.UTF_8));
    }
    out.put(damage);
    return Files.write(folder.resolve("old.dat"), Arrays.copyOf(out.array(), out.position()));
  }

  @Test
  void readsTheOlderForm() throws IOException {
    ImportanceMatrix matrix = ImportanceFile.read(dat(true));
    assertEquals(List.of("text"), matrix.datasets());
    assertEquals(3, matrix.chunks());
    assertArrayEquals(
        new float[] {2, 0.25f}, matrix.importance("blk.0.ffn_down.weight").orElseThrow());
    assertEquals(List.of(), ImportanceFile.read(dat(false)).datasets());
  }

  @Test
  void sumsOfTwoMatricesAreMerged() {
    Entry a = new Entry(new float[] {1, 2}, new long[] {10});
    Entry b = new Entry(new float[] {3, 4}, new long[] {20});
    Entry experts = new Entry(new float[] {3, 4}, new long[] {20, 1});
    ImportanceMatrix sum =
        matrix("one", 1, Map.of("x", a, "y", b)).plus(matrix("two", 2, Map.of("x", b, "z", a)));
    assertSame(
        new ImportanceMatrix(
            new TreeMap<>(
                Map.of("x", new Entry(new float[] {4, 6}, new long[] {30}), "y", b, "z", a)),
            List.of("one", "two"),
            3,
            512),
        sum);
    assertArrayEquals(
        new long[] {30, 11},
        matrix("one", 1, Map.of("x", a))
            .plus(matrix("two", 1, Map.of("x", experts)))
            .entries()
            .get("x")
            .counts());
    Entry wide = new Entry(new float[3], new long[] {1});
    assertThrows(
        LaminaException.class,
        () -> matrix("one", 1, Map.of("x", a)).plus(matrix("two", 1, Map.of("x", wide))));
  }

  @Test
  void otherFilesAreRefusedInASentence() throws IOException {
    Path missing = folder.resolve("missing");
    Path text = Files.writeString(folder.resolve("text"), "once upon a time there was");
    Path empty = Files.write(folder.resolve("empty"), new byte[0]);
    for (Path file : List.of(missing, text, empty, Demo.model(), folder)) {
      LaminaException e = assertThrows(LaminaException.class, () -> ImportanceFile.read(file));
      assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
    }
    byte[] old = Files.readAllBytes(dat(true));
    for (int length = 0; length < old.length - 12; length++) {
      Path cut = Files.write(folder.resolve("cut"), Arrays.copyOf(old, length));
      assertThrows(LaminaException.class, () -> ImportanceFile.read(cut));
    }
    Entry infinite = new Entry(new float[] {Float.POSITIVE_INFINITY}, new long[] {1});
    Path file = folder.resolve("infinite.gguf");
    ImportanceFile.write(matrix("text", 1, Map.of("x", infinite)), file);
    assertThrows(LaminaException.class, () -> ImportanceFile.read(file));
  }

  /** Numbers that no model has, but a file can. */
  @Test
  void numbersBeyondAllBoundsDoNoHarm() {
    Entry entry = new Entry(new float[] {1, 2}, new long[] {1});
    ImportanceMatrix matrix =
        new ImportanceMatrix(
            new TreeMap<>(Map.of("blk.99999999999.ffn_up.weight", entry)),
            List.of("a"),
            Integer.MAX_VALUE,
            512);
    assertEquals(Integer.MAX_VALUE, matrix.plus(matrix).chunks());
    assertTrue(ImportanceStatistics.of(matrix).getFirst().cosine().isEmpty());
  }

  @Test
  void statisticsPutTheMostImportantFirst() {
    Entry even = new Entry(new float[] {20, 20, 20, 20}, new long[] {10});
    Entry lone = new Entry(new float[] {100, 0, 0, 0}, new long[] {10});
    Entry experts = new Entry(new float[] {2, 2, 0, 0}, new long[] {10, 0});
    List<ImportanceStatistics> all =
        ImportanceStatistics.of(
            matrix(
                "text",
                1,
                Map.of(
                    "blk.0.attn_q.weight", even,
                    "blk.1.attn_q.weight", lone,
                    "blk.1.ffn_up_exps.weight", experts)));
    assertEquals("blk.1.attn_q.weight", all.getFirst().tensor());
    assertEquals(10, all.getFirst().total());
    assertEquals(0, all.getFirst().entropy());
    assertEquals(0.5, all.getFirst().cosine().orElseThrow(), 1e-9);
    assertEquals(2, all.get(1).entropy(), 1e-9);
    assertEquals(0, all.get(1).deviation());
    assertEquals(0.5, all.get(2).covered());
  }
}
