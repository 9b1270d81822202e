package dev.lamina.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CpuFactsTest {
  @TempDir private Path folder;

  /** A machine of four cores with two threads each: processors 0 to 3, and 4 to 7 beside them. */
  @ParameterizedTest
  @CsvSource({
    "0-7, 8, 4",
    "'0-3', 4, 4",
    "'0,4', 2, 1",
    "'1,2,6', 3, 2",
    "'5', 1, 1",
    "0-7, 3, 3", // a container's limit
    "'0-3,9', 5, 5", // nothing is known of processor 9: all of them count
  })
  void siblingsOfACoreCountOnce(String allowed, int available, int cores) throws IOException {
    for (int cpu = 0; cpu < 8; cpu++) {
      Path topology = folder.resolve("cpu" + cpu).resolve("topology");
      Files.createDirectories(topology);
      Files.writeString(
          topology.resolve("thread_siblings_list"), cpu % 4 + "," + (cpu % 4 + 4) + "\n");
    }
    assertEquals(
        cores, CpuFacts.physicalCores(folder, CpuFacts.processors(allowed + "\n"), available));
  }
}
