package dev.lamina.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.DeviceException;
import dev.lamina.backend.Graph;
import dev.lamina.backend.GraphBuilder;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Output;
import dev.lamina.backend.Program;
import dev.lamina.backend.Step;
import dev.lamina.backend.Value;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Building programs: errors, and the cache on disk. */
class ProgramsTest {
  @TempDir private Path folder;

  private OpenClDevice open() {
    return TestDevices.open("OpenCL0", s -> s.withCache(new BinaryCache(folder)));
  }

  @Test
  void aTextThatDoesNotCompileIsToldWithItsLog() throws IOException {
    try (OpenClDevice device = open()) {
      DeviceException e =
          assertThrows(
              DeviceException.class,
              () -> device.programs().build("broken", "__kernel void f() { nonsense; }"));
      assertEquals(DeviceException.Kind.COMPILE_FAILED, e.kind());
      Matcher file = Pattern.compile("what it says is in (\\S+\\.log)").matcher(e.getMessage());
      assertTrue(file.find(), e.getMessage());
      String log = Files.readString(Path.of(file.group(1)));
      Files.delete(Path.of(file.group(1)));
      assertTrue(log.contains("nonsense") && log.contains("error"), log);
      // The device goes on.
      assertArrayEquals(new float[] {2, 4, 6}, doubled(device));
    }
  }

  @Test
  void binariesAreKeptAndDamagedOnesMadeAnew() throws IOException {
    assertEquals(1, buildsOfARun());
    assertEquals(0, buildsOfARun());
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 1;
        Files.write(file, bytes);
      }
    }
    assertEquals(1, buildsOfARun());
    assertEquals(0, buildsOfARun());
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.write(file, new byte[7]);
      }
    }
    assertEquals(1, buildsOfARun());
  }

  @Test
  void aFolderThatCannotBeWrittenToCostsOnlyTime() throws IOException {
    Path file = Files.createFile(folder.resolve("a file"));
    try (OpenClDevice device =
        TestDevices.open("OpenCL0", s -> s.withCache(new BinaryCache(file.resolve("below"))))) {
      assertArrayEquals(new float[] {2, 4, 6}, doubled(device));
    }
  }

  @Test
  void otherTextsAndDriversHaveOtherFiles() {
    BinaryCache cache = new BinaryCache(folder);
    Path one = cache.file("name", "text", "driver 1");
    assertEquals(one, cache.file("name", "text", "driver 1"));
    assertTrue(
        Stream.of(
                cache.file("name", "text", "driver 2"),
                cache.file("name", "textd", "river 1"),
                cache.file("name", "text2", "driver 1"))
            .noneMatch(one::equals));
  }

  private long buildsOfARun() {
    try (OpenClDevice device = open()) {
      assertArrayEquals(new float[] {2, 4, 6}, doubled(device));
      return device.builds();
    }
  }

  private static float[] doubled(OpenClDevice device) {
    GraphBuilder builder = new GraphBuilder();
    Value in = builder.input(3);
    Graph graph = builder.build(Output.HIDDEN, builder.scale(2, in));
    Limits limits = new Limits(1, 1, 1, 16, List.of());
    try (Program program = device.compile(graph, Map.of(), limits)) {
      program.input().write(0, MemorySegment.ofArray(new float[] {1, 2, 3}));
      int[] zero = new int[1];
      program.submit(new Step(zero, zero, zero, zero, new int[0][][], List.of(), Output.HIDDEN));
      float[] out = new float[3];
      program.output(Output.HIDDEN).read(0, MemorySegment.ofArray(out));
      return out;
    }
  }
}
