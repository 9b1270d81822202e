package dev.lamina.quantize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.LaminaException;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.GgufFile;
import dev.lamina.gguf.GgufWriter;
import dev.lamina.gguf.TensorInfo;
import dev.lamina.model.synthetic.SyntheticModel;
import dev.lamina.testing.Demo;
import dev.lamina.testing.Shared;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QuantizeJobTest {
  @TempDir private Path folder;

  private Path run(Path from, QuantizeOptions options, Path imatrix, int threads) {
    Path out = folder.resolve("out.gguf");
    Optional<QuantizeJob.Importance> importance =
        Optional.ofNullable(imatrix)
            .map(file -> new QuantizeJob.Importance(ImportanceFile.read(file), file));
    try (GgufFile in = GgufFile.open(from)) {
      QuantizePlan plan =
          QuantizePlan.of(in.metadata(), in.tensors(), options, importance.isPresent());
      QuantizeJob job = new QuantizeJob(in, plan, importance, threads);
      job.run(out, QuantizeJob.Progress.NONE);
      return job.files(out).getFirst();
    }
  }

  private static QuantizeOptions options(String recipe) {
    return QuantizeOptions.of(Recipe.byName(recipe));
  }

  /** Types and bytes, tensor by tensor, and what the metadata say of quantization. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "Q8_0",
        "Q6_K",
        "Q5_K_M",
        "Q4_K_M",
        "Q4_1",
        "Q4_0",
        "IQ4_NL",
        "IQ4_XS",
        "Q3_K_L",
        "Q3_K_M",
        "Q2_K",
        "IQ3_M",
        "IQ3_M-imatrix",
        "IQ3_XXS-imatrix",
        "IQ2_M-imatrix",
        "IQ2_XS-imatrix",
        "IQ1_M-imatrix"
      })
  void makesTheFilesThatLlamaQuantizeMakes(String name) {
    boolean important = name.endsWith("-imatrix");
    Path theirs = Shared.reference("demo-model/demo-" + name + ".gguf");
    Path source = Shared.reference("demo-model/demo-f32.gguf");
    Path imatrix = important ? Shared.reference("demo-model/demo.imatrix.gguf") : null;
    Path ours = run(source, options(name.replace("-imatrix", "")), imatrix, 3);
    try (GgufFile a = GgufFile.open(theirs);
        GgufFile b = GgufFile.open(ours)) {
      assertEquals(a.tensors().size(), b.tensors().size());
      for (TensorInfo tensor : a.tensors()) {
        TensorInfo other = b.tensor(tensor.name()).orElseThrow();
        assertEquals(tensor.type(), other.type(), tensor.name());
        assertEquals(-1, a.data(tensor).mismatch(b.data(other)), tensor.name());
      }
      for (String key : a.metadata().keys()) {
        if (!key.equals("quantize.imatrix.file")) {
          assertEquals(a.metadata().raw(key), b.metadata().raw(key), key);
        }
      }
      assertEquals(a.metadata().keys(), b.metadata().keys());
    }
  }

  /** A model of rows of 224 values, whose blocks are half empty where they do not divide. */
  private Path small(GgmlType type, int cols) {
    Path file = folder.resolve("small-" + type + "-" + cols + ".gguf");
    try (GgufWriter out = GgufWriter.create(file)) {
      out.put("general.architecture", "llama")
          .put("general.name", "small")
          .put("general.file_type", 0)
          .put("llama.block_count", 2)
          .put("llama.attention.head_count", 4)
          .put("llama.attention.head_count_kv", 2);
      List<String> names =
          List.of(
              "token_embd.weight",
              "output.weight",
              "blk.0.attn_v.weight",
              "blk.0.ffn_gate.weight",
              "blk.0.ffn_down.weight",
              "blk.1.ffn_down.weight");
      names.forEach(name -> out.tensor(name, type, cols, 300));
      out.tensor("output_norm.weight", GgmlType.F32, cols);
      byte[] data = new byte[(int) type.rowBytes(cols) * 300];
      byte[] norm = new byte[4 * cols];
      dev.lamina.gguf.SyntheticWeights.fill(type, 3, MemorySegment.ofArray(data), 0.02f);
      names.forEach(name -> out.append(name, MemorySegment.ofArray(data)));
      out.append("output_norm.weight", MemorySegment.ofArray(norm));
      out.finish();
    }
    return file;
  }

  private Map<String, GgmlType> types(Path file) {
    try (GgufFile in = GgufFile.open(file)) {
      Map<String, GgmlType> types = new TreeMap<>();
      in.tensors().forEach(t -> types.put(t.name(), t.type()));
      return types;
    }
  }

  @Test
  void cardsNamesHaveEndsInQ8() {
    for (String name : List.of("Q2_K_L", "Q3_K_XL", "Q4_K_L", "Q5_K_L", "Q6_K_L")) {
      Map<String, GgmlType> types = types(run(small(GgmlType.F32, 256), options(name), null, 2));
      assertEquals(GgmlType.Q8_0, types.get("token_embd.weight"), name);
      assertEquals(GgmlType.Q8_0, types.get("output.weight"), name);
      assertEquals(GgmlType.F32, types.get("output_norm.weight"), name);
      assertEquals(
          Recipe.byName(name).file().name().startsWith("Q6") ? GgmlType.Q6_K : GgmlType.F32,
          name.startsWith("Q6") ? types.get("blk.1.ffn_down.weight") : GgmlType.F32);
    }
  }

  @Test
  void rowsThatDoNotDivideGetAnotherType() {
    Map<String, GgmlType> types = types(run(small(GgmlType.F16, 224), options("Q4_K_S"), null, 2));
    assertEquals(GgmlType.Q5_0, types.get("token_embd.weight"));
    assertEquals(GgmlType.Q8_0, types.get("output.weight"));
    assertEquals(GgmlType.Q5_1, types.get("blk.0.attn_v.weight"));
    types = types(run(small(GgmlType.F16, 48), options("Q4_K_S"), null, 2));
    assertEquals(GgmlType.F16, types.get("blk.1.ffn_down.weight"));
  }

  @Test
  void rulesPureAndOptionsDecide() {
    Path from = small(GgmlType.F32, 256);
    QuantizeOptions asked =
        new QuantizeOptions(
            Recipe.byName("Q4_K_M"),
            Optional.of(GgmlType.Q5_0),
            Optional.of(GgmlType.F16),
            List.of(TypeRule.parse("blk\\.1\\.=q6_k"), TypeRule.parse("blk=BF16")),
            false,
            false,
            false);
    Map<String, GgmlType> types = types(run(from, asked, null, 2));
    assertEquals(GgmlType.Q5_0, types.get("output.weight"));
    assertEquals(GgmlType.F16, types.get("token_embd.weight"));
    assertEquals(GgmlType.Q6_K, types.get("blk.1.ffn_down.weight"));
    assertEquals(GgmlType.BF16, types.get("blk.0.ffn_down.weight"));
    types = types(run(from, options("Q4_K_M").withPure(true), null, 2));
    types.remove("output_norm.weight");
    assertTrue(types.values().stream().allMatch(t -> t == GgmlType.Q4_K), types.toString());
    assertThrows(LaminaException.class, () -> TypeRule.parse("q8_0"));
    assertThrows(LaminaException.class, () -> TypeRule.parse("(=q8_0"));
    assertThrows(LaminaException.class, () -> TypeRule.parse("blk=q8_9"));
  }

  @ParameterizedTest
  @CsvSource({
    "Q8_0, 74.98",
    "Q6_K, 57.89",
    "Q5_K_M, 49.95",
    "Q5_K_S, 48.66",
    "Q4_1, 44.31",
    "Q4_K_M, 42.52",
    "Q4_K_S, 40.35",
    "Q4_0, 40.12",
    "IQ4_NL, 40.05",
    "Q3_K_XL, 38.06",
    "IQ4_XS, 37.90",
    "Q3_K_L, 37.14",
    "Q3_K_M, 34.27",
    "IQ3_M, 31.94",
    "Q3_K_S, 30.91",
    "IQ3_XXS, 27.47",
    "Q2_K_L, 27.40",
    "Q2_K, 26.38",
    "IQ2_M, 24.12",
    "IQ2_S, 22.24",
    "IQ2_XS, 21.14",
    "IQ2_XXS, 19.10",
    "IQ1_M, 16.75"
  })
  void sizesOfA70BAreThoseOfItsCard(String recipe, double gigabytes) {
    SyntheticModel model = SyntheticModel.of("llama-70b", "F16");
    QuantizePlan plan = QuantizePlan.of(model.metadata(), model.tensors(), options(recipe), true);
    assertEquals(gigabytes, plan.bytes() / 1e9, 0.03);
  }

  @Test
  void typesBelowThreeBitsNeedAnImportanceMatrix() {
    Path from = small(GgmlType.F32, 256);
    for (String name : List.of("IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_M", "IQ3_XXS", "Q2_K_S")) {
      LaminaException e =
          assertThrows(LaminaException.class, () -> run(from, options(name), null, 1));
      assertTrue(e.getMessage().contains("importance matrix"), e.getMessage());
      assertTrue(e.getMessage().contains("blk."), e.getMessage());
    }
    Path other = folder.resolve("other.imatrix.gguf");
    var entry = new ImportanceMatrix.Entry(new float[64], new long[] {1});
    var matrix =
        new ImportanceMatrix(
            new TreeMap<>(Map.of("blk.0.ffn_down.weight", entry)), List.of(), 1, 512);
    ImportanceFile.write(matrix, other);
    LaminaException e =
        assertThrows(LaminaException.class, () -> run(from, options("Q4_K_M"), other, 1));
    assertTrue(e.getMessage().contains("64 numbers for blk.0.ffn_down.weight"), e.getMessage());
  }

  @Test
  void quantizedFilesAreNotQuantizedAgainUnlessAsked() throws IOException {
    Path out = folder.resolve("out.gguf");
    LaminaException e =
        assertThrows(LaminaException.class, () -> run(Demo.model(), options("Q4_K_M"), null, 1));
    assertTrue(e.getMessage().contains("--allow-requantize"), e.getMessage());
    assertFalse(Files.exists(out));
    run(Demo.model(), options("Q4_K_M").withRequantize(true), null, 1);
    assertEquals(3_106_112, Files.size(out), 100_000);
  }

  @Test
  void aFailureLeavesNothingBehind() throws IOException {
    Path from = small(GgmlType.F32, 256);
    byte[] bytes = Files.readAllBytes(from);
    // A value in the last matrix becomes a NaN.
    ByteBuffer.wrap(bytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putFloat(bytes.length - 4 * 256 - 64, Float.NaN);
    Files.write(from, bytes);
    LaminaException e =
        assertThrows(LaminaException.class, () -> run(from, options("Q4_K_M"), null, 2));
    assertTrue(e.getMessage().contains("blk.1.ffn_down.weight holds the value NaN"));
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(List.of(from), files.toList());
    }
  }

  @Test
  void aMatrixWithoutColumnsStaysOne() throws IOException {
    Path from = folder.resolve("empty.gguf");
    try (GgufWriter out = GgufWriter.create(from)) {
      out.put("general.architecture", "llama").put("llama.block_count", 1);
      out.tensor("blk.0.ffn_up.weight", GgmlType.F32, 0, 4).finish();
    }
    run(from, options("Q8_0"), null, 1);
    try (GgufFile file = GgufFile.open(folder.resolve("out.gguf"))) {
      TensorInfo tensor = file.tensor("blk.0.ffn_up.weight").orElseThrow();
      assertEquals(0, tensor.elements());
      assertArrayEquals(new long[] {0, 4}, tensor.shape());
    }
  }

  @Test
  void theSourceIsNotOverwritten() {
    Path from = small(GgmlType.F32, 256);
    try (GgufFile in = GgufFile.open(from)) {
      QuantizePlan plan = QuantizePlan.of(in.metadata(), in.tensors(), options("Q8_0"), false);
      QuantizeJob job = new QuantizeJob(in, plan, Optional.empty(), 1);
      assertThrows(LaminaException.class, () -> job.run(from, QuantizeJob.Progress.NONE));
    }
    assertEquals(GgmlType.F32, types(from).get("output.weight"));
  }
}
