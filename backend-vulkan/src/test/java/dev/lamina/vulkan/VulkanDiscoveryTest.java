package dev.lamina.vulkan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.GpuNodes;
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
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The search for devices, also where something that it needs is missing. */
class VulkanDiscoveryTest {
  /** Started in a JVM of its own: prints what a search finds. */
  static final class Search {
    private Search() {}

    public static void main(String[] args) {
      Discovery discovery = new VulkanBackendProvider().discover(DeviceOptions.DEFAULT);
      discovery.devices().forEach(device -> System.out.println("device " + device.info().id()));
      discovery.reasons().forEach(reason -> System.out.println("reason " + reason));
      discovery.devices().forEach(Device::close);
    }
  }

  private static List<String> search(List<String> options, Map<String, String> environment)
      throws IOException, InterruptedException {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    ProcessBuilder builder =
        new ProcessBuilder(java.toString(), "--enable-native-access=ALL-UNNAMED");
    builder.command().addAll(options);
    builder
        .command()
        .addAll(List.of("-cp", System.getProperty("java.class.path"), Search.class.getName()));
    builder.environment().putAll(environment);
    Process process = builder.redirectErrorStream(true).start();
    List<String> lines =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
            .lines()
            .toList();
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    assertEquals(0, process.exitValue(), lines.toString());
    return lines;
  }

  @Test
  void withoutALoader() throws IOException, InterruptedException {
    List<String> lines = search(List.of("-Dorg.lwjgl.vulkan.libname=no-such-vulkan"), Map.of());
    assertEquals(1, lines.size(), lines.toString());
    assertTrue(
        lines.getFirst().startsWith("reason the Vulkan loader was not found: install"),
        lines.toString());
  }

  @Test
  void withoutADriver() throws IOException, InterruptedException {
    TestDevices.open(TestDevices.options()).close();
    Map<String, String> none =
        Map.of("VK_ICD_FILENAMES", "/no/such.json", "VK_DRIVER_FILES", "/no/such.json");
    List<String> lines = search(List.of(), none);
    assertEquals(1, lines.size(), lines.toString());
    assertTrue(lines.getFirst().contains("no Vulkan driver is installed"), lines.toString());
  }

  @Test
  void withABrokenDriver(@TempDir Path folder) throws IOException, InterruptedException {
    TestDevices.open(TestDevices.options()).close();
    Path library = Files.writeString(folder.resolve("libbroken.so"), "no library");
    Path manifest =
        Files.writeString(
            folder.resolve("broken.json"),
            """
            {"file_format_version": "1.0.0",
             "ICD": {"library_path": "%s", "api_version": "1.3.0"}}
            """
                .formatted(library));
    Map<String, String> broken =
        Map.of("VK_ICD_FILENAMES", manifest.toString(), "VK_DRIVER_FILES", manifest.toString());
    List<String> lines = search(List.of(), broken);
    assertTrue(lines.stream().noneMatch(line -> line.startsWith("device")), lines.toString());
    assertTrue(lines.stream().anyMatch(line -> line.startsWith("reason")), lines.toString());
  }

  @Test
  void devicesSayWhatTheyAre() {
    try (Device device = TestDevices.open(TestDevices.options())) {
      DeviceInfo info = device.info();
      assertEquals("Vulkan0", info.id());
      assertEquals("vulkan", info.backend());
      assertFalse(info.notes().isEmpty());
      if (info.description().contains("llvmpipe")) {
        assertEquals(DeviceInfo.Kind.SOFTWARE_GPU, info.kind());
      }
    }
  }

  @Test
  void gpusAreSeenByTheirDeviceFiles(@TempDir Path dev) throws IOException {
    assertFalse(GpuNodes.mayExist(dev));
    Files.createDirectory(dev.resolve("dri"));
    Files.createFile(dev.resolve("nvidia-caps"));
    assertFalse(GpuNodes.mayExist(dev));
    Path node = Files.createFile(dev.resolve("dri").resolve("renderD128"));
    assertTrue(GpuNodes.mayExist(dev));
    Files.delete(node);
    Files.createFile(dev.resolve("nvidia0"));
    assertTrue(GpuNodes.mayExist(dev));
  }
}
