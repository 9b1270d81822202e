package dev.lamina.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.GgufFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QuantizeCommandTest {
  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({"Q3_K_XL, 38.05 GB", "Q2_K_L, 27.39 GB", "q4_k_m, 42.51 GB", "IQ1_M, 16.74 GB"})
  void dryRunsOfAShapeNeedNoFile(String type, String size) {
    Ran ran = Ran.lamina("quantize", "--dry-run", "--shape", "llama-70b", type);
    assertEquals(0, ran.code(), ran.err());
    assertTrue(ran.out().startsWith("llama-70b as " + type.toUpperCase() + ": " + size), ran.out());
  }

  @Test
  void anImportanceMatrixMattersToAShape() {
    String with = Ran.lamina("quantize", "--dry-run", "--shape", "llama-8b", "IQ4_XS").out();
    String without =
        Ran.lamina("quantize", "--dry-run", "--shape", "llama-8b", "--no-imatrix", "IQ4_XS").out();
    assertTrue(with.contains("Q5_K         32 "), with);
    assertTrue(without.contains("Q5_K         36 "), without);
  }

  @Test
  void writesAFileThatRuns() {
    Path out = folder.resolve("small.gguf");
    Ran ran =
        Ran.lamina(
            "quantize",
            "--allow-requantize",
            "--output-tensor-type",
            "q8_0",
            "--tensor-type",
            "attn_v=q6_k",
            DemoModel.file().toString(),
            out.toString(),
            "q4_k_m",
            "2");
    assertEquals(0, ran.code(), ran.err());
    assertTrue(ran.out().contains(" as Q4_K_M: "), ran.out());
    assertTrue(ran.err().startsWith("lamina: wrote " + out), ran.err());
    try (GgufFile file = GgufFile.open(out)) {
      assertEquals(15, file.metadata().integer("general.file_type"));
      assertEquals(GgmlType.Q8_0, file.tensor("token_embd.weight").orElseThrow().type());
      assertEquals(GgmlType.Q6_K, file.tensor("blk.3.attn_v.weight").orElseThrow().type());
      assertEquals(GgmlType.Q4_K, file.tensor("blk.3.attn_q.weight").orElseThrow().type());
    }
    Ran told = Ran.lamina("run", "-q", "-m", out.toString(), "-n", "8", "-p", "Once upon a time");
    assertEquals(0, told.code(), told.err());
    assertFalse(told.out().isBlank());
  }

  @Test
  void dryRunsOfAFileWriteNothing() throws Exception {
    String demo = DemoModel.file().toString();
    Ran ran = Ran.lamina("quantize", "--dry-run", "-v", demo, "IQ2_XS");
    assertEquals(0, ran.code(), ran.err());
    assertTrue(ran.out().contains("blk.0.attn_q.weight"), ran.out());
    assertTrue(ran.err().contains("needs an importance matrix"), ran.err());
    Ran refused =
        Ran.lamina(
            "quantize", "--allow-requantize", demo, folder.resolve("x.gguf").toString(), "IQ2_XS");
    assertEquals(1, refused.code());
    assertTrue(refused.err().contains("make one with 'lamina imatrix'"), refused.err());
    assertEquals(0, Files.list(folder).count());
  }

  @Test
  void theFourthWordIsANumberOfThreads() {
    Ran ran = Ran.lamina("quantize", "a.gguf", "b.gguf", "Q4_K_M", "many");
    assertEquals(2, ran.code());
    assertTrue(ran.err().startsWith("lamina: 'many' is no number of threads\n"), ran.err());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "quantize",
        "quantize a.gguf b.gguf",
        "quantize a.gguf b.gguf Q4_K_X",
        "quantize a.gguf b.gguf Q4_K_M 2 3",
        "quantize --shape llama-70b Q4_K_M",
        "quantize --dry-run --shape llama-70b a.gguf Q4_K_M",
        "quantize --tensor-type q8_0 a.gguf b.gguf Q4_K_M"
      })
  void wrongUsageIsCode2(String line) {
    Ran ran = Ran.lamina(line.split(" "));
    assertEquals(2, ran.code(), ran.err());
    assertEquals("", ran.out());
  }
}
