package dev.lamina.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.Metadata;
import dev.lamina.model.synthetic.SyntheticModel;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ModelSummaryTest {
  @Test
  void countsParametersBytesAndTypes() {
    SyntheticModel model = SyntheticModel.of("llama-8b", "Q4_K_M");
    ModelSummary summary = ModelSummary.of(model.metadata(), model.tensors());
    assertEquals("synthetic llama-8b-Q4_K_M", summary.name());
    assertEquals("llama", summary.architecture());
    assertEquals(Optional.of(FileType.Q4_K_M), summary.fileType());
    // Meta gives 8,030,261,248 parameters; the file has 64 rotary factors beside them.
    assertEquals(8_030_261_248L + 64, summary.parameters());
    assertEquals("8.03 B", summary.size());
    // 4.58 GiB is what llama.cpp prints for such a file, 4.89 its bits per weight.
    assertEquals(4.58, summary.bytes() / 1024.0 / 1024 / 1024, 0.005);
    assertEquals(4.89, summary.bitsPerWeight(), 0.01);
    assertEquals(GgmlType.Q4_K, summary.types().getFirst().type());
    assertEquals(
        model.tensors().size(),
        summary.types().stream().mapToInt(ModelSummary.TypeUse::tensors).sum());
  }

  @Test
  void ofAFileWithoutTensors() {
    ModelSummary summary = ModelSummary.of(Metadata.of("vocab.gguf", Map.of()), List.of());
    assertEquals("vocab.gguf", summary.name());
    assertEquals("unknown", summary.architecture());
    assertEquals("0", summary.size());
    assertEquals(0, summary.bitsPerWeight());
  }
}
