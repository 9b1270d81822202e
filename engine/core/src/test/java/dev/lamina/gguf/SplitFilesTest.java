package dev.lamina.gguf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models in several files, in the form that {@code llama-gguf-split} writes. */
class SplitFilesTest {
  private static final int F32 = GgmlType.F32.id();

  @TempDir Path folder;

  private Path name(int part, int count) {
    return folder.resolve(String.format("model-%05d-of-%05d.gguf", part, count));
  }

  /** One part with one tensor, whose data begin with the part's number. */
  private Path write(Path path, int no, int count, int tensors, String tensor) throws IOException {
    RawGguf raw =
        RawGguf.file(3, 1, no == 0 ? 4 : 3)
            .pair("split.no", ValueType.U16, no)
            .pair("split.count", ValueType.U16, count)
            .pair("split.tensors.count", ValueType.I32, tensors);
    if (no == 0) {
      raw.pair("general.architecture", ValueType.STRING, "llama");
    }
    raw.tensor(tensor, F32, 0, 8).data(32, 0).bytes((byte) no).data(1, 31);
    return Files.write(path, raw.toByteArray());
  }

  private void writeAll(int count) throws IOException {
    for (int no = 0; no < count; no++) {
      write(name(no + 1, count), no, count, count, "blk." + no + ".weight");
    }
  }

  private static void refused(Path path, String... words) {
    GgufException e = assertThrows(GgufException.class, () -> GgufFile.open(path).close());
    assertTrue(e.getMessage().startsWith(path.getParent().toString()), e.getMessage());
    for (String word : words) {
      assertTrue(e.getMessage().contains(word), e.getMessage());
    }
  }

  @Test
  void anyPartOpensTheSet() throws IOException {
    writeAll(3);
    List<Path> paths = List.of(name(1, 3), name(2, 3), name(3, 3));
    for (Path given : paths) {
      for (GgufFile.Access access : GgufFile.Access.values()) {
        try (GgufFile file = GgufFile.open(given, access)) {
          assertEquals(paths, file.parts());
          assertEquals("llama", file.metadata().string("general.architecture"));
          assertEquals(3, file.tensors().size());
          assertEquals(
              Files.size(paths.get(0)) + Files.size(paths.get(1)) + Files.size(paths.get(2)),
              file.bytes());
          for (int no = 0; no < 3; no++) {
            TensorInfo tensor = file.tensor("blk." + no + ".weight").orElseThrow();
            assertEquals(no, tensor.part());
            byte[] data = file.data(tensor).toArray(ValueLayout.JAVA_BYTE);
            assertEquals(no, data[0]);
            assertEquals(32, data.length);
          }
        }
      }
    }
  }

  @Test
  void aRelativePathOpensTheSet() throws IOException {
    Path working = Path.of("").toAbsolutePath();
    writeAll(2);
    try (GgufFile file = GgufFile.open(working.relativize(name(2, 2)))) {
      assertEquals(2, file.parts().size());
    }
  }

  @Test
  void aMissingPartIsNamed() throws IOException {
    writeAll(3);
    Files.delete(name(2, 3));
    refused(name(1, 3), "split into 3 files", "model-00002-of-00003.gguf is missing");
    refused(name(3, 3), "model-00002-of-00003.gguf is missing");
    Files.delete(name(3, 3));
    refused(name(1, 3), "2 are missing, first model-00002-of-00003.gguf");
  }

  @Test
  void aRenamedPartIsToldItsName() throws IOException {
    writeAll(2);
    Path renamed = Files.move(name(2, 2), folder.resolve("other.gguf"));
    refused(renamed, "part 2 of a model split into 2 files", "-00002-of-00002.gguf", "rename");
    Path swapped = write(folder.resolve("x-00001-of-00002.gguf"), 1, 2, 2, "w");
    refused(swapped, "part 2 of a model");
  }

  @Test
  void partsOfDifferentModels() throws IOException {
    writeAll(3);
    write(name(2, 3), 1, 4, 3, "blk.1.weight");
    refused(name(1, 3), "split.count is 4 where 3 belongs", "download them again");
    write(name(2, 3), 2, 3, 3, "blk.1.weight");
    refused(name(1, 3), "split.no is 2 where 1 belongs");
    write(name(2, 3), 1, 3, 7, "blk.1.weight");
    refused(name(1, 3), "split.tensors.count is 7 where 3 belongs");
    write(name(2, 3), 1, 3, 3, "blk.0.weight");
    refused(name(1, 3), "the tensor blk.0.weight is also in", "model-00001-of-00003.gguf");
  }

  @Test
  void numbersThatMakeNoSense() throws IOException {
    refused(write(name(1, 2), 7, 2, 2, "w"), "split.no is 7 where split.count is 2");
    Path path = name(1, 2);
    Files.write(
        path,
        RawGguf.file(3, 0, 2)
            .pair("split.no", ValueType.I32, -1)
            .pair("split.count", ValueType.U16, 2)
            .toByteArray());
    refused(path, "split.no is -1");
    Files.write(
        path, RawGguf.file(3, 0, 1).pair("split.count", ValueType.STRING, "2").toByteArray());
    refused(path, "split.count is a string where an integer belongs");
    Files.write(path, RawGguf.file(3, 0, 1).pair("split.count", ValueType.U16, 2).toByteArray());
    refused(path, "lacks the key split.no");
  }

  @Test
  void aDamagedPartIsNamed() throws IOException {
    writeAll(2);
    byte[] bytes = Files.readAllBytes(name(2, 2));
    Files.write(name(2, 2), java.util.Arrays.copyOf(bytes, bytes.length - 8));
    refused(name(1, 2), "model-00002-of-00002.gguf", "interrupted download");
  }

  @Test
  void aSetOfOneNeedsNoSpecialName() throws IOException {
    Path path = write(folder.resolve("any.gguf"), 0, 1, 1, "w");
    try (GgufFile file = GgufFile.open(path)) {
      assertEquals(List.of(path), file.parts());
      assertArrayEquals(new long[] {8}, file.tensors().getFirst().shape());
    }
  }
}
