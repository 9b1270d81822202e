package dev.lamina.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.DeviceException;
import dev.lamina.cuda.hip.HipCompiler;
import dev.lamina.shaders.CardKernels;
import dev.lamina.shaders.Dialect;
import dev.lamina.shaders.ProgramKey;
import dev.lamina.testing.Requirement;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** ROCm's own run-time compiler, which needs no card, on the kernels; in processes of its own. */
final class HiprtcTest {
  @TempDir Path cache;

  @BeforeEach
  void compiler() {
    if (Files.notExists(Path.of("/usr/lib/x86_64-linux-gnu/libamdhip64.so.5"))
        && Files.notExists(Path.of("/opt/rocm/lib/libhiprtc.so"))) {
      Requirement.missing(
          "rocm", "there is no hiprtc: install libamdhip64-5 and libhiprtc-builtins5, or ROCm");
    }
    System.clearProperty("lamina.hip.library");
  }

  /** Waves of 64 lanes with and without matrix cores, and waves of 32. */
  @ParameterizedTest
  @ValueSource(strings = {"gfx90a", "gfx1030", "gfx906"})
  void compilesEveryKernel(String architecture) throws IOException {
    Map<String, String> texts = new LinkedHashMap<>();
    for (ProgramKey key : Flavour.ROCM.programs()) {
      texts.put(key.name(), CardKernels.text(Dialect.HIP, key));
    }
    Map<String, byte[]> code = new HipCompiler(cache, architecture).compile(texts);
    assertEquals(texts.keySet(), code.keySet());
    code.forEach(
        (name, object) ->
            assertTrue(
                new String(object, StandardCharsets.ISO_8859_1).contains(architecture), name));
  }

  @Test
  void keepsWhatItMade() throws IOException {
    String text = "extern \"C\" __global__ void nothing(int *x) { *x = 1; }\n";
    HipCompiler compiler = new HipCompiler(cache, "gfx1030");
    byte[] once = compiler.compile(Map.of("nothing", text)).get("nothing");
    Path kept = cache.resolve("gfx1030").resolve("nothing.co");
    assertArrayEquals(once, Files.readAllBytes(kept));
    // Not made again: the text is not even looked at.
    assertArrayEquals(once, compiler.compile(Map.of("nothing", "no C++")).get("nothing"));
  }

  @Test
  void anUnknownArchitectureEndsOnlyTheCompiler() {
    String text = "extern \"C\" __global__ void nothing(int *x) { *x = 1; }\n";
    HipCompiler compiler = new HipCompiler(cache, "gfx4711");
    DeviceException e =
        assertThrows(DeviceException.class, () -> compiler.compile(Map.of("nothing", text)));
    assertEquals(DeviceException.Kind.COMPILE_FAILED, e.kind());
    assertTrue(e.getMessage().contains("gfx4711"), e.getMessage());
  }

  @Test
  void aMistakeIsTold() {
    HipCompiler compiler = new HipCompiler(cache, "gfx1030");
    DeviceException e =
        assertThrows(DeviceException.class, () -> compiler.compile(Map.of("wrong", "no C++;\n")));
    assertEquals(DeviceException.Kind.COMPILE_FAILED, e.kind());
    assertTrue(e.getMessage().contains("wrong.hip"), e.getMessage());
  }
}
