package dev.lamina.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.lamina.app.bench.TokenCost;
import dev.lamina.gguf.GgufFile;
import dev.lamina.gguf.TensorInfo;
import dev.lamina.model.Architectures;
import dev.lamina.model.ModelOptions;
import java.util.List;
import org.junit.jupiter.api.Test;

class BenchCommandTest {
  /** llama-bench's keys that a program which reads its output looks at. */
  private static final List<String> KEYS =
      List.of(
          "build_commit",
          "cpu_info",
          "gpu_info",
          "backends",
          "model_filename",
          "model_type",
          "model_size",
          "model_n_params",
          "n_batch",
          "n_ubatch",
          "n_threads",
          "type_k",
          "type_v",
          "n_gpu_layers",
          "split_mode",
          "main_gpu",
          "no_kv_offload",
          "flash_attn",
          "devices",
          "tensor_split",
          "use_mmap",
          "n_prompt",
          "n_gen",
          "n_depth",
          "test_time",
          "avg_ns",
          "stddev_ns",
          "avg_ts",
          "stddev_ts",
          "samples_ns",
          "samples_ts");

  @Test
  void jsonHasLlamaBenchsKeysAndConsistentFigures() {
    Ran ran = Ran.lamina("bench", "-p", "8", "-n", "2", "-d", "0,4", "-r", "3", "-o", "json");
    assertEquals(0, ran.code(), ran.err());
    JsonArray records = JsonParser.parseString(ran.out()).getAsJsonArray();
    assertEquals(4, records.size());
    for (var element : records) {
      JsonObject record = element.getAsJsonObject();
      KEYS.forEach(key -> assertTrue(record.has(key), key));
      int tokens = record.get("n_prompt").getAsInt() + record.get("n_gen").getAsInt();
      JsonArray nanos = record.getAsJsonArray("samples_ns");
      assertEquals(3, nanos.size());
      double mean = 0;
      for (var sample : nanos) {
        assertTrue(sample.getAsLong() > 0);
        mean += tokens * 1e9 / sample.getAsLong() / 3;
      }
      assertEquals(mean, record.get("avg_ts").getAsDouble(), 1e-6 * mean);
    }
    assertEquals(4, records.get(2).getAsJsonObject().get("n_depth").getAsInt());
  }

  @Test
  void tableHasARowForEachTest() {
    Ran ran = Ran.lamina("bench", "-p", "8", "-n", "2", "-r", "1");
    assertEquals(0, ran.code(), ran.err());
    List<String> lines = ran.out().lines().toList();
    assertEquals(4, lines.size(), ran.out());
    assertTrue(lines.get(2).contains("| pp8 |") && lines.get(3).contains("| tg2 |"), ran.out());
    assertTrue(lines.get(2).endsWith("| 100 % |"), ran.out());
    // the demo model is small: neither 0.00 GiB nor 0.00 B
    assertTrue(lines.get(2).contains(" MiB | ") && lines.get(2).contains(" M | "), ran.out());
  }

  @Test
  void threadsAreThoseThatCompute() {
    int most = 8 * Runtime.getRuntime().availableProcessors();
    for (int[] askedAndUsed : new int[][] {{1, 1}, {3, 3}, {100_000, most}}) {
      Ran ran =
          Ran.lamina(
              "bench", "-p", "4", "-n", "0", "-r", "1", "-o", "json", "-t", "" + askedAndUsed[0]);
      assertEquals(0, ran.code(), ran.err());
      JsonObject record =
          JsonParser.parseString(ran.out()).getAsJsonArray().get(0).getAsJsonObject();
      assertEquals(askedAndUsed[1], record.get("n_threads").getAsInt());
    }
  }

  @Test
  void commaSeparatedRowsFitTheirHead() {
    Ran ran = Ran.lamina("bench", "-p", "8,4", "-n", "0", "-r", "1", "-o", "csv");
    assertEquals(0, ran.code(), ran.err());
    List<String> lines = ran.out().lines().toList();
    assertEquals(3, lines.size());
    assertTrue(lines.getFirst().startsWith("build_commit,"));
    assertEquals(lines.getFirst().split(",").length, lines.get(1).split("\",\"").length);
  }

  @Test
  void nothingToMeasureIsWrongUsage() {
    assertEquals(2, Ran.lamina("bench", "-p", "0", "-n", "0").code());
    assertEquals(2, Ran.lamina("bench", "-r", "0").code());
    assertEquals(2, Ran.lamina("bench", "--out", "x.gguf").code());
    Ran unknown = Ran.lamina("bench", "--synthetic", "llama-1b", "--type", "Q9_9");
    assertEquals(1, unknown.code());
    assertTrue(unknown.err().contains("there is no type 'Q9_9'"), unknown.err());
  }

  /**
   * A token reads every weight once, but of the embedding table one row; a tied one is the output
   * too.
   */
  @Test
  void costOfATokenFollowsFromTheTensors() {
    try (GgufFile file = GgufFile.open(DemoModel.file())) {
      TokenCost cost =
          TokenCost.of(Architectures.graph(file.metadata(), file::tensor, ModelOptions.DEFAULT));
      long all = file.tensors().stream().mapToLong(TensorInfo::bytes).sum();
      TensorInfo embedding = file.tensor("token_embd.weight").orElseThrow();
      assertTrue(file.tensor("output.weight").isEmpty(), "the demo model ties its embeddings");
      assertEquals(all + embedding.bytes() / embedding.dim(1), cost.decodeBytes());
      long outputs =
          file.tensors().stream()
              .filter(t -> t.name().matches("blk\\.\\d+\\.attn_[kv]\\.weight"))
              .mapToLong(t -> t.dim(1))
              .sum();
      assertEquals(100 * outputs * 2, cost.cacheBytes(100), "keys and values are float16");
      TokenCost windows =
          new TokenCost(0, 0, List.of(new TokenCost.Cache(10, 4), new TokenCost.Cache(10, 0)));
      assertEquals(10 * 4 + 10 * 100, windows.cacheBytes(100));
      long layers =
          file.tensors().stream()
              .filter(t -> t.name().startsWith("blk.") && t.shape().length == 2)
              .mapToLong(TensorInfo::elements)
              .sum();
      assertEquals(2 * layers, cost.prefillFlops());
    }
  }
}
