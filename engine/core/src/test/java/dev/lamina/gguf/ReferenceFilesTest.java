package dev.lamina.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.testing.Shared;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Reads the files that llama.cpp's own tools made. */
class ReferenceFilesTest {
  @Test
  void opensEveryFileOfTheReference() throws IOException {
    List<Path> files;
    try (Stream<Path> walk = Files.walk(Shared.reference("."))) {
      files = walk.filter(p -> p.toString().endsWith(".gguf")).toList();
    }
    assertTrue(files.size() > 20, files.toString());
    for (Path path : files) {
      try (GgufFile file = GgufFile.open(path)) {
        assertEquals(Files.size(path), file.bytes());
        for (TensorInfo tensor : file.tensors()) {
          assertEquals(tensor.bytes(), file.data(tensor).byteSize());
          assertEquals(tensor, file.tensor(tensor.name()).orElseThrow());
        }
        for (String key : file.metadata().keys()) {
          file.metadata().raw(key).orElseThrow().hashCode();
        }
      }
    }
  }

  @Test
  void readsTheDemoModel() {
    Path path = Shared.reference("demo-model/demo-Q4_0.gguf");
    MemorySegment data;
    GgufFile closed;
    try (GgufFile file = GgufFile.open(path)) {
      assertEquals(3, file.version());
      assertEquals(32, file.alignment());
      assertEquals(List.of(path), file.parts());
      assertEquals("qwen2", file.metadata().string("general.architecture"));
      assertEquals(1024, file.metadata().strings("tokenizer.ggml.tokens").size());
      TensorInfo tensor = file.tensor("blk.0.attn_q.weight").orElseThrow();
      assertEquals(GgmlType.Q4_0, tensor.type());
      data = file.data(tensor);
      assertTrue(data.isReadOnly());
      assertFalse(file.tensor("nothing.weight").isPresent());
      closed = file;
    }
    closed.close();
    assertThrows(GgufException.class, () -> closed.data(closed.tensors().getFirst()));
    List<String> tokens = closed.metadata().strings("tokenizer.ggml.tokens");
    assertThrows(GgufException.class, () -> tokens.get(0));
  }
}
