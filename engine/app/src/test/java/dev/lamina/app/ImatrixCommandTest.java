package dev.lamina.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.quantize.ImportanceFile;
import dev.lamina.quantize.ImportanceMatrix;
import dev.lamina.testing.Shared;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImatrixCommandTest {
  @TempDir private Path folder;

  private Path text() throws IOException {
    String story = "Once upon a time there was a fox named Lily who had a red kite. ";
    return Files.writeString(folder.resolve("text"), story.repeat(40));
  }

  /** What llama-imatrix made of the same model and text, within a hundredth in every column. */
  @Test
  void agreesWithLlamaImatrix() {
    Path model = Shared.reference("demo-model/demo-f32.gguf");
    Path text = Shared.reference("demo-model/calibration.txt");
    ImportanceMatrix theirs = ImportanceFile.read(Shared.reference("demo-model/demo.imatrix.gguf"));
    Path out = folder.resolve("ours.gguf");
    Ran ran =
        Ran.lamina(
            "imatrix",
            "-m",
            model.toString(),
            "-f",
            text.toString(),
            "-o",
            out.toString(),
            "-c",
            "256",
            "--parse-special");
    assertEquals(0, ran.code(), ran.err());
    ImportanceMatrix ours = ImportanceFile.read(out);
    assertEquals(theirs.entries().keySet(), ours.entries().keySet());
    assertEquals(theirs.chunks(), ours.chunks());
    theirs
        .entries()
        .forEach(
            (name, entry) -> {
              float[] expected = entry.means();
              float[] actual = ours.importance(name).orElseThrow();
              for (int i = 0; i < expected.length; i++) {
                assertEquals(expected[i], actual[i], 0.01 * expected[i], name + " " + i);
              }
            });
  }

  @Test
  void theWholeWayFromATextToAFileOfTwoBits() throws IOException {
    Path imatrix = folder.resolve("imatrix.gguf");
    Ran made =
        Ran.lamina(
            "imatrix", "-f", text().toString(), "-c", "64", "--chunks", "3", "-o", "" + imatrix);
    assertEquals(0, made.code(), made.err());
    assertTrue(made.out().startsWith("The most important tensors:\n"), made.out());
    assertEquals(10, made.out().lines().count(), made.out());
    assertTrue(made.err().contains("reads 3 windows of 64 tokens"), made.err());
    Path small = folder.resolve("small.gguf");
    Ran quantized =
        Ran.lamina(
            "quantize",
            "--allow-requantize",
            "--imatrix",
            imatrix.toString(),
            DemoModel.file().toString(),
            small.toString(),
            "IQ2_XS");
    assertEquals(0, quantized.code(), quantized.err());
    Ran shown = Ran.lamina("inspect", small.toString());
    assertTrue(shown.out().contains("quantize.imatrix.entries_count"), shown.out());
    Ran told = Ran.lamina("run", "-q", "-m", small.toString(), "-n", "8", "-p", "Once upon");
    assertEquals(0, told.code(), told.err());
  }

  @Test
  void mergesAndShows() throws IOException {
    Path one = folder.resolve("one.gguf");
    Path both = folder.resolve("both.gguf");
    Ran.lamina("imatrix", "-q", "-f", "" + text(), "-c", "64", "--chunks", "1", "-o", "" + one);
    Ran merged =
        Ran.lamina("imatrix", "-q", "--in-file", "" + one, "--in-file", "" + one, "-o", "" + both);
    assertEquals(0, merged.code(), merged.err());
    assertEquals("", merged.out() + merged.err());
    ImportanceMatrix sum = ImportanceFile.read(both);
    ImportanceMatrix single = ImportanceFile.read(one);
    assertEquals(2 * single.chunks(), sum.chunks());
    String name = "blk.3.attn_output.weight";
    assertEquals(2 * single.entries().get(name).sums()[7], sum.entries().get(name).sums()[7], 1e-6);
    Ran shown = Ran.lamina("imatrix", "--in-file", "" + both, "--show-statistics");
    assertEquals(0, shown.code(), shown.err());
    assertEquals(58, shown.out().lines().count(), shown.out());
    assertFalse(Files.exists(Path.of("imatrix.gguf")));
  }

  @Test
  void whatCannotBeWrittenIsToldBeforeTheTextIsRead() {
    Path out = folder.resolve("none/m.gguf");
    Ran ran = Ran.lamina("imatrix", "-f", "no such text", "-o", out.toString());
    assertEquals(1, ran.code());
    assertEquals("lamina: " + out + ": the folder to write to does not exist\n", ran.err());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "imatrix",
        "imatrix -m model.gguf",
        "imatrix -f text --chunks 0",
        "imatrix -f text --in-file"
      })
  void wrongUsageIsCode2(String line) {
    assertEquals(2, Ran.lamina(line.split(" ")).code());
  }
}
