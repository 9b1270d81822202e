package dev.lamina.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.gguf.GgufFile;
import dev.lamina.gguf.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SplitCommandTest {
  @TempDir private Path folder;

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  /** Split, merged, and the same bytes again. */
  @ParameterizedTest
  @CsvSource({
    "--split-max-size, 1M, 6",
    "--split-max-size, 2M, 3",
    "--split-max-size, 1G, 1",
    "--split-max-tensors, 30, 4",
    "--split-max-tensors, 98, 1"
  })
  void whatIsSplitIsMerged(String flag, String value, int parts) throws IOException {
    String name = folder.resolve("demo.gguf").toString();
    Ran ran = Ran.lamina("split", flag, value, DemoModel.file().toString(), name);
    assertEquals(0, ran.code(), ran.err());
    assertEquals(parts, ran.out().lines().count(), ran.out());
    List<Path> files = files();
    assertEquals(parts, files.size());
    Path last = folder.resolve(String.format("demo-%05d-of-%05d.gguf", parts, parts));
    assertEquals(last, files.getLast());
    try (GgufFile file = GgufFile.open(last)) {
      assertEquals(98, file.tensors().size());
      assertEquals(parts > 1, file.metadata().has("split.count"));
    }
    Path whole = folder.resolve("whole.gguf");
    Ran merged = Ran.lamina("merge", last.toString(), whole.toString());
    assertEquals(0, merged.code(), merged.err());
    assertEquals(-1, Files.mismatch(DemoModel.file(), whole));
    Ran again = Ran.lamina("merge", last.toString(), whole.toString());
    assertEquals(1, again.code());
    assertTrue(again.err().contains("there is such a file already"), again.err());
  }

  @Test
  void theFirstPartMayHaveNoTensors() throws IOException {
    Path name = folder.resolve("demo");
    Ran ran =
        Ran.lamina(
            "split",
            "--split-max-tensors",
            "50",
            "--no-tensor-first-split",
            DemoModel.file().toString(),
            name.toString());
    assertEquals(0, ran.code(), ran.err());
    assertEquals(3, files().size());
    try (GgufFile file = GgufFile.open(files().getFirst())) {
      assertEquals(98, file.tensors().size());
      assertTrue(file.tensors().stream().mapToInt(TensorInfo::part).allMatch(p -> p > 0));
      assertEquals(98, file.metadata().integer("split.tensors.count"));
    }
    Ran told = Ran.lamina("run", "-q", "-m", files().getLast().toString(), "-n", "4", "-p", "Once");
    assertEquals(0, told.code(), told.err());
  }

  @Test
  void partsStayPartsWhenQuantized() throws IOException {
    Ran.lamina(
        "split",
        "--split-max-tensors",
        "40",
        DemoModel.file().toString(),
        folder.resolve("demo").toString());
    String first = files().getFirst().toString();
    String to = folder.resolve("small.gguf").toString();
    Ran ran = Ran.lamina("quantize", "-q", "--allow-requantize", "--keep-split", first, to, "Q4_0");
    assertEquals(0, ran.code(), ran.err());
    assertEquals(6, files().size());
    Path part = folder.resolve("small-00002-of-00003.gguf");
    try (GgufFile kept = GgufFile.open(part);
        GgufFile before = GgufFile.open(files().getFirst())) {
      assertEquals(2, kept.metadata().integer("general.file_type"));
      for (TensorInfo tensor : before.tensors()) {
        assertEquals(tensor.part(), kept.tensor(tensor.name()).orElseThrow().part());
      }
    }
    Ran one = Ran.lamina("quantize", "-q", "--allow-requantize", first, to, "Q4_0");
    assertEquals(0, one.code(), one.err());
    Path merged = folder.resolve("merged.gguf");
    assertEquals(0, Ran.lamina("merge", part.toString(), merged.toString()).code());
    assertEquals(-1, Files.mismatch(Path.of(to), merged));
  }

  @Test
  void dryRunsWriteNothing() throws IOException {
    Ran ran =
        Ran.lamina("split", "--dry-run", DemoModel.file().toString(), folder.resolve("x") + "");
    assertEquals(0, ran.code(), ran.err());
    assertTrue(ran.out().contains("x-00001-of-00001.gguf: 98 tensors"), ran.out());
    assertEquals(List.of(), files());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "split a",
        "split a b c",
        "split --split-max-size 5 a b",
        "split --split-max-size 0M a b",
        "split --split-max-tensors 0 a b",
        "split --split-max-size 5M --split-max-tensors 3 a b",
        "merge a"
      })
  void wrongUsageIsCode2(String line) {
    assertEquals(2, Ran.lamina(line.split(" ")).code());
  }
}
