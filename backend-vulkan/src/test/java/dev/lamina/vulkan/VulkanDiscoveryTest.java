package dev.lamina.vulkan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.GpuNodes;
import dev.lamina.backend.CpuMath;
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
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The search for devices, also where something that it needs is missing. */
class VulkanDiscoveryTest {
  private static final String MANIFEST =
      """
      {"file_format_version": "1.0.0",
       "ICD": {"library_path": "%s", "api_version": "1.3.0"}}
      """;

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

  /** A driver's library, and what the user reads. */
  static Stream<Arguments> brokenDrivers() {
    String none =
        "reason creating a Vulkan instance failed: no Vulkan driver is installed, or none";
    return Stream.of(
        Arguments.of("a missing library", MANIFEST.formatted("/no/such/library.so"), none),
        Arguments.of("a file that is no library", MANIFEST.formatted("FOLDER/text.so"), none),
        Arguments.of("a library that is no driver", MANIFEST.formatted("libm.so.6"), none),
        Arguments.of("half a manifest", MANIFEST.substring(0, 30), "reason "));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("brokenDrivers")
  void withABrokenDriver(String name, String manifest, String reason, @TempDir Path folder)
      throws IOException, InterruptedException {
    TestDevices.open(TestDevices.options()).close();
    Files.writeString(folder.resolve("text.so"), "no library");
    List<String> lines = searchWith(manifest.replace("FOLDER", folder.toString()), folder);
    assertEquals(1, lines.size(), lines.toString());
    assertTrue(lines.getFirst().startsWith(reason), lines.toString());
    assertTrue(
        lines.getFirst().endsWith("VK_DRIVER_FILES names: " + folder.resolve("driver.json")),
        lines.toString());
  }

  /** A driver whose manifest promises Vulkan 1.0 is asked for nothing newer. */
  @Test
  void withAnOldDriver(@TempDir Path folder) throws IOException, InterruptedException {
    TestDevices.open(TestDevices.options()).close();
    Path installed = Path.of("/usr/share/vulkan/icd.d");
    Assumptions.assumeTrue(Files.isDirectory(installed), "drivers are elsewhere here");
    String manifest;
    try (Stream<Path> files = Files.list(installed)) {
      Path lavapipe =
          files
              .filter(file -> file.getFileName().toString().startsWith("lvp_icd"))
              .findFirst()
              .orElse(null);
      Assumptions.assumeTrue(lavapipe != null, "lavapipe is elsewhere here");
      manifest = Files.readString(lavapipe);
    }
    String old =
        manifest.replaceFirst("\"api_version\": *\"[0-9.]*\"", "\"api_version\": \"1.0.5\"");
    assertNotEquals(manifest, old);
    List<String> lines = searchWith(old, folder);
    assertEquals(1, lines.size(), lines.toString());
    assertTrue(lines.getFirst().startsWith("reason llvmpipe"), lines.toString());
    assertTrue(lines.getFirst().endsWith("update its driver"), lines.toString());
  }

  /** Searches with one driver alone. */
  private static List<String> searchWith(String manifest, Path folder)
      throws IOException, InterruptedException {
    String file = Files.writeString(folder.resolve("driver.json"), manifest).toString();
    return search(List.of(), Map.of("VK_ICD_FILENAMES", file, "VK_DRIVER_FILES", file));
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
  void exactMathRoundsNothing() {
    TestDevices.open(TestDevices.options()).close();
    VulkanOptions all =
        TestDevices.options().with(Feature.INTEGERS, Feature.HALVES, Feature.MATRICES);
    for (CpuMath math : CpuMath.values()) {
      Discovery found = new VulkanBackendProvider(all).discover(new DeviceOptions(0, true, math));
      VulkanDevice device = (VulkanDevice) found.devices().getFirst();
      Abilities abilities = device.abilities();
      Products has = device.facts().products();
      boolean could = has.integers() || has.halves() || has.matrices() != null;
      found.devices().forEach(Device::close);
      boolean rounds = abilities.integers() || abilities.halves() || abilities.matrices() != null;
      assertEquals(could && math == CpuMath.I8, rounds, abilities.toString());
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
