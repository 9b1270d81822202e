package dev.lamina.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceInfo;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.Discovery;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is said where OpenCL is missing in part or whole, each in a process of its own. */
class DiscoveryTest {
  @TempDir private Path folder;

  /** Prints what is found: the program of the other processes. */
  public static void main(String[] args) {
    Discovery found = new OpenClBackendProvider().discover(DeviceOptions.DEFAULT);
    for (Device device : found.devices()) {
      System.out.println("device " + device.info().description());
    }
    found.reasons().forEach(reason -> System.out.println("reason " + reason));
  }

  private static List<String> discover(Map<String, String> environment)
      throws IOException, InterruptedException {
    return lines(DiscoveryTest.class, environment);
  }

  /** What a program prints in a process of its own. */
  static List<String> lines(Class<?> program, Map<String, String> environment)
      throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            program.getName());
    builder.environment().putAll(environment);
    builder.redirectError(ProcessBuilder.Redirect.DISCARD);
    Process process = builder.start();
    List<String> lines =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
            .lines()
            .toList();
    assertEquals(0, process.waitFor(), lines.toString());
    return lines;
  }

  @Test
  void noDriver() throws Exception {
    TestDevices.open().close();
    Path none = Files.createDirectory(folder.resolve("vendors"));
    List<String> lines = discover(Map.of("OCL_ICD_VENDORS", none.toString()));
    assertEquals(
        List.of("reason no OpenCL driver is installed: install the one of the card"), lines);
  }

  @Test
  void aDriverThatDoesNotLoad() throws Exception {
    TestDevices.open().close();
    Path vendors = Files.createDirectory(folder.resolve("vendors"));
    Files.writeString(vendors.resolve("broken.icd"), folder.resolve("libabsent.so") + "\n");
    List<String> lines = discover(Map.of("OCL_ICD_VENDORS", vendors.toString()));
    assertEquals(1, lines.size(), lines.toString());
    assertTrue(lines.getFirst().startsWith("reason no OpenCL driver"), lines.toString());
  }

  /** PoCL without any of its devices. */
  @Test
  void aDriverWithoutDevices() throws Exception {
    try (OpenClDevice device = TestDevices.open()) {
      assumeTrue(
          device.facts().platform().equals("Portable Computing Language"),
          "only PoCL can be told to have no device");
    }
    assertEquals(
        List.of("reason the OpenCL drivers here have no device"),
        discover(Map.of("POCL_DEVICES", "none of them")));
  }

  /** A library in place of the loader that is none. */
  @Test
  void noLibrary() throws Exception {
    TestDevices.open().close();
    Files.write(folder.resolve("libOpenCL.so.1"), new byte[4096]);
    Files.write(folder.resolve("libOpenCL.so"), new byte[4096]);
    List<String> lines = discover(Map.of("LD_LIBRARY_PATH", folder.toString()));
    assertEquals(1, lines.size(), lines.toString());
    assertTrue(lines.getFirst().startsWith("reason the OpenCL library"), lines.toString());
  }

  @Test
  void aProcessorIsASoftwareDevice() {
    try (OpenClDevice device = TestDevices.open()) {
      DeviceInfo info = device.info();
      boolean processor = device.facts().isProcessor();
      assertEquals(processor, info.kind() == DeviceInfo.Kind.SOFTWARE_GPU, info.toString());
      assertEquals(0, device.workDone().orElseThrow().dispatches());
    }
  }
}
