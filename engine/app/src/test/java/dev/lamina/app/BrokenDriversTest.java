package dev.lamina.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Machines whose drivers are broken: the program says so, and runs on the CPU. */
class BrokenDriversTest {
  private static final String RUN = "run -q --temp 0 -n 8 -ngl all";

  /** Started in a JVM of its own, with arguments for the program, one run in each. */
  static final class Runs {
    private Runs() {}

    public static void main(String[] args) {
      for (String run : args) {
        Ran ran = Ran.lamina(run.split(" "));
        System.out.println(ran.code() + " " + ran.out() + ran.err());
      }
    }
  }

  private static String lamina(Path manifest, List<String> options, String... runs)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of("--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"));
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Runs.class.getName()));
    command.addAll(List.of(runs));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("VK_DRIVER_FILES", manifest.toString());
    builder.environment().put("VK_ICD_FILENAMES", manifest.toString());
    Process process = builder.start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(120, TimeUnit.SECONDS));
    assertEquals(0, process.exitValue(), output);
    return output;
  }

  @Test
  void aBrokenVulkanDriverIsToldAndTheCpuRuns(@TempDir Path folder)
      throws IOException, InterruptedException {
    Path library = Files.writeString(folder.resolve("broken.so"), "no library");
    Path manifest =
        Files.writeString(
            folder.resolve("broken.json"),
            """
            {"file_format_version": "1.0.0",
             "ICD": {"library_path": "%s", "api_version": "1.3.0"}}
            """
                .formatted(library));
    check(lamina(manifest, List.of(), "devices", RUN));
  }

  @Test
  void aMissingLoaderIsToldAndTheCpuRuns(@TempDir Path folder)
      throws IOException, InterruptedException {
    List<String> none = List.of("-Dorg.lwjgl.vulkan.libname=no-such-vulkan");
    String output = lamina(folder, none, "devices", RUN);
    check(output);
    assertTrue(output.contains("the Vulkan loader was not found"), output);
  }

  private static void check(String output) {
    String vulkan = output.substring(output.indexOf("Vulkan: no device"));
    String reason = vulkan.lines().skip(1).findFirst().orElseThrow();
    assertTrue(reason.startsWith("  ") && !reason.isBlank(), output);
    assertFalse(output.contains("Exception"), output);
    String expected = Ran.lamina(RUN.split(" ")).out().strip();
    assertFalse(expected.isEmpty());
    assertTrue(output.contains("0 " + expected), output + "\nwithout: " + expected);
  }
}
