package dev.lamina.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.BackendProvider;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.Discovery;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** Machines without a driver: in a process of its own, where no stand-in is loaded. */
final class MissingDriverTest {
  /** Prints what the providers find. */
  public static void main(String[] args) {
    for (BackendProvider provider : List.of(new CudaBackendProvider(), new RocmBackendProvider())) {
      Discovery found = provider.discover(DeviceOptions.DEFAULT);
      System.out.println(
          provider.name() + ": " + found.devices().size() + " devices, " + found.reasons());
    }
  }

  @Test
  void isAReasonAndNoFailure() throws Exception {
    ProcessBuilder child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Dlamina.hip.library=libno-such-runtime.so",
                "-cp",
                System.getProperty("java.class.path"),
                MissingDriverTest.class.getName())
            .redirectErrorStream(true);
    child.environment().remove("LD_LIBRARY_PATH");
    Process process = child.start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), said);
    assertTrue(
        said.contains("rocm: 0 devices, [libamdhip64.so.7 or older not found: install ROCm]"),
        said);
    Assumptions.assumeFalse(said.matches("(?s).*cuda: [1-9].*"), "there is a card here");
    Assumptions.assumeFalse(said.contains("NVIDIA's driver is there"), "there is a driver here");
    assertTrue(
        said.contains(
            "cuda: 0 devices, [libcuda.so.1 not found: for an NVIDIA card, install NVIDIA's"
                + " driver]"),
        said);
  }
}
