package dev.lamina.vulkan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lamina.backend.Device;
import dev.lamina.backend.Graph;
import dev.lamina.backend.GraphBuilder;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Output;
import dev.lamina.backend.Value;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pipelines on disk. */
class PipelineCacheFileTest {
  @Test
  void whatIsWrittenIsRead(@TempDir Path folder) {
    PipelineCacheFile file = new PipelineCacheFile(folder.resolve("a").resolve("b"), "device");
    assertArrayEquals(new byte[0], file.read());
    file.write(new byte[] {1, 2, 3});
    assertArrayEquals(new byte[] {1, 2, 3}, file.read());
    file.write(new byte[] {4});
    assertArrayEquals(new byte[] {4}, file.read());
  }

  @Test
  void damagedFilesAreAsGoodAsNone(@TempDir Path folder) throws IOException {
    PipelineCacheFile file = new PipelineCacheFile(folder, "device");
    file.write(new byte[100]);
    Path path = folder.resolve("device.pipelines");
    byte[] good = Files.readAllBytes(path);
    for (int cut : new int[] {0, 1, 31, 32, 60, good.length - 1}) {
      Files.write(path, java.util.Arrays.copyOf(good, cut));
      assertEquals(0, file.read().length, cut + " bytes");
    }
    good[50] ^= 1;
    Files.write(path, good);
    assertEquals(0, file.read().length);
  }

  @Test
  void placesThatCannotBeWrittenAreNoFailure(@TempDir Path folder) throws IOException {
    Path file = Files.createFile(folder.resolve("file"));
    new PipelineCacheFile(file, "device").write(new byte[3]);
    new PipelineCacheFile(null, "device").write(new byte[3]);
    assertEquals(0, new PipelineCacheFile(null, "device").read().length);
  }

  @Test
  void aDeviceKeepsItsPipelinesAndBearsDamagedOnes(@TempDir Path folder) throws IOException {
    compile(folder);
    Path file;
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> all = files.toList();
      assertEquals(1, all.size(), all.toString());
      file = all.getFirst();
    }
    byte[] written = Files.readAllBytes(file);
    compile(folder);
    Files.write(file, new byte[1000]);
    compile(folder);
    assertEquals(written.length, Files.size(file), "the damaged file is replaced");
  }

  private static void compile(Path folder) {
    GraphBuilder builder = new GraphBuilder();
    Value in = builder.input(64);
    Graph graph = builder.build(Output.HIDDEN, builder.scale(2, in));
    try (Device device = TestDevices.open(TestDevices.options().withCacheFolder(folder))) {
      device.compile(graph, Map.of(), new Limits(4, 4, 1, 16, List.of())).close();
    }
  }
}
