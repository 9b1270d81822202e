package dev.lamina.model.synthetic;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lamina.gguf.GgufFile;
import dev.lamina.gguf.Metadata;
import dev.lamina.gguf.TensorInfo;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SyntheticDataTest {
  private static final SyntheticShape TINY =
      new SyntheticShape(
          "tiny", "qwen3moe", 2, 256, 4, 2, 64, 256, 4096, 1024, 1e4f, 1, false, 0, 4, 2);

  @TempDir Path folder;

  @Test
  void aWrittenFileHoldsWhatFillMakes() {
    SyntheticModel model = SyntheticModel.of(TINY, "Q8_0");
    Path path = folder.resolve("tiny.gguf");
    SyntheticData.write(model, 7, path);
    try (GgufFile file = GgufFile.open(path);
        Arena arena = Arena.ofShared()) {
      assertEquals(model.tensors().size(), file.tensors().size());
      for (TensorInfo expected : model.tensors()) {
        TensorInfo tensor = file.tensor(expected.name()).orElseThrow();
        assertEquals(expected.type(), tensor.type(), tensor.name());
        assertArrayEquals(expected.shape(), tensor.shape(), tensor.name());
        MemorySegment data = arena.allocate(expected.bytes());
        SyntheticData.fill(expected, 7, data);
        assertEquals(-1, data.mismatch(file.data(tensor)), tensor.name());
      }
      Metadata expected = model.metadata();
      assertEquals(expected.keys(), file.metadata().keys());
      assertEquals(
          expected.strings("tokenizer.ggml.tokens"),
          file.metadata().strings("tokenizer.ggml.tokens"));
    }
  }

  @Test
  void gainsLieAroundOneAndMatricesKeepSizes() {
    SyntheticModel model = SyntheticModel.of(TINY, "F32");
    assertEquals(1, mean(model, "blk.0.attn_norm.weight"), 0.02);
    assertEquals(0, mean(model, "blk.0.ffn_down_exps.weight"), 0.001);
  }

  private static double mean(SyntheticModel model, String name) {
    TensorInfo tensor =
        model.tensors().stream().filter(t -> t.name().equals(name)).findFirst().orElseThrow();
    try (Arena arena = Arena.ofShared()) {
      MemorySegment data = arena.allocate(tensor.bytes());
      SyntheticData.fill(tensor, 1, data);
      float[] values = data.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
      double sum = 0;
      for (float v : values) {
        sum += v;
      }
      return sum / values.length;
    }
  }
}
