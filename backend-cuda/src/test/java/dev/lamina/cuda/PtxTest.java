package dev.lamina.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.gguf.GgmlType;
import dev.lamina.shaders.CardKernels;
import dev.lamina.shaders.Dialect;
import dev.lamina.shaders.KernelUnit;
import dev.lamina.shaders.ProgramKey;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import jcuda.nvptxcompiler.JNvPTXCompiler;
import jcuda.nvptxcompiler.nvPTXCompilerHandle;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The PTX in this build: made of the present texts, and accepted by NVIDIA's assembler. */
final class PtxTest {
  private static final Pattern FUNCTION = Pattern.compile("Compiling entry function '(\\w+)'");
  private static final Pattern USED =
      Pattern.compile("Used (\\d+) registers(?:.*?(\\d+) bytes smem)?");
  private static final Pattern SPILLS =
      Pattern.compile("(\\d+) bytes spill stores, (\\d+) bytes spill loads");

  /** What decoding consists of, and the products and the attention of matrix units. */
  private static final Pattern HOT =
      Pattern.compile(
          " (matvec\\w+|integerMatvec\\w+|attention\\w+|matmulTensor|matmulExpertsTensor|matmul(?:Experts)?Halves"
              + "|narrow\\w+|rmsNorm\\w*|roundRows):");

  /**
   * The tiles of 8-bit products are held to 128 registers, so that a multiprocessor has room for
   * two blocks of them; what does not fit is four values at most.
   */
  private static final Pattern TILE =
      Pattern.compile(" integerMatmul(?:Experts)?:.* (\\d+) bytes spilled");

  private static final int TILE_SPILLS = 16;

  private static List<ProgramKey> programs() {
    return Flavour.CUDA.programs();
  }

  @Test
  void madeOfThePresentTexts() throws IOException {
    Map<String, String> expected = new TreeMap<>();
    for (ProgramKey key : programs()) {
      expected.put(key.name(), PtxImages.hash(CardKernels.text(Dialect.CUDA, key)));
    }
    try (InputStream in = PtxImages.class.getResourceAsStream("ptx/" + PtxImages.SOURCES)) {
      String listed = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      assertEquals(
          expected,
          PtxImages.sources(listed),
          "kernel texts have changed: make the PTX anew (see package-info of dev.lamina.cuda)");
    }
  }

  @Test
  void nothingIsMissingOrLeftOver() throws IOException {
    for (ProgramKey key : programs()) {
      String ptx = new String(PtxImages.image(key.name()), StandardCharsets.UTF_8);
      assertTrue(ptx.startsWith(PtxImages.MARK + key.name() + "\n.version 7.0\n"), key.name());
      String target = "sm_" + PtxBuild.capability(key);
      assertTrue(ptx.contains("\n.target " + target + "\n"), key.name());
    }
    try (Stream<Path> files = Files.list(Path.of("src/main/resources/dev/lamina/cuda/ptx"))) {
      assertEquals(programs().size() + 1, files.count());
    }
  }

  /** The first and the last of the architectures that the PTX is for take every program. */
  @ParameterizedTest
  @ValueSource(strings = {"sm_75", "sm_90"})
  void assemblesEverything(String architecture) throws IOException {
    assemble(architecture, programs());
  }

  /** The others take those programs whose decoding differs most. */
  @ParameterizedTest
  @ValueSource(strings = {"sm_80", "sm_86", "sm_89"})
  void assembles(String architecture) throws IOException {
    Set<GgmlType> types = EnumSet.of(GgmlType.F16, GgmlType.Q4_K, GgmlType.IQ3_S);
    assemble(
        architecture,
        programs().stream()
            .filter(key -> key.unit() != KernelUnit.WEIGHT || types.contains(key.first()))
            .toList());
  }

  /** No errors, and registers that suffice; what each kernel uses goes to a file. */
  private static void assemble(String architecture, List<ProgramKey> programs) throws IOException {
    List<String> report =
        programs.parallelStream()
            .filter(key -> isFor(key, architecture.equals("sm_75")))
            .flatMap(key -> kernels(key.name(), assemble(key.name(), architecture)).stream())
            .sorted()
            .toList();
    assertFalse(report.isEmpty(), "the assembler reports nothing");
    Files.write(Path.of("target", "ptx-" + architecture + ".txt"), report);
    assertEquals(
        List.of(),
        report.stream()
            .filter(line -> line.contains("spilled") && HOT.matcher(line).find() || tooMuch(line))
            .toList());
  }

  /** Cards run what is for the best units that they have. */
  private static boolean isFor(ProgramKey key, boolean turing) {
    return switch (CardKernels.units(key)) {
      case NONE -> true;
      case TURING -> turing;
      case AMPERE -> !turing;
    };
  }

  private static boolean tooMuch(String line) {
    Matcher tile = TILE.matcher(line);
    return tile.find() && Integer.parseInt(tile.group(1)) > TILE_SPILLS;
  }

  private static List<String> kernels(String program, String log) {
    List<String> report = new ArrayList<>();
    String function = "?";
    String spilled = "";
    for (String line : log.lines().toList()) {
      Matcher name = FUNCTION.matcher(line);
      if (name.find()) {
        function = name.group(1);
      }
      Matcher spill = SPILLS.matcher(line);
      if (spill.find()) {
        boolean none = spill.group(1).equals("0") && spill.group(2).equals("0");
        spilled = none ? "" : ", " + spill.group(1) + " bytes spilled";
      }
      Matcher used = USED.matcher(line);
      if (used.find()) {
        report.add(
            "%s %s: %s registers, %s bytes shared%s"
                .formatted(
                    program,
                    function,
                    used.group(1),
                    used.group(2) == null ? "0" : used.group(2),
                    spilled));
      }
    }
    return report;
  }

  private static String assemble(String name, String architecture) {
    byte[] ptx = PtxImages.image(name);
    byte[] text = Arrays.copyOf(ptx, ptx.length + 1);
    nvPTXCompilerHandle handle = new nvPTXCompilerHandle();
    assertEquals(0, JNvPTXCompiler.nvPTXCompilerCreate(handle, text.length, text));
    try {
      String[] options = {"--gpu-name=" + architecture, "--verbose"};
      int status = JNvPTXCompiler.nvPTXCompilerCompile(handle, options.length, options);
      assertEquals(0, status, () -> name + " on " + architecture + ": " + errors(handle));
      long[] size = {0};
      JNvPTXCompiler.nvPTXCompilerGetInfoLogSize(handle, size);
      byte[] log = new byte[(int) size[0] + 1];
      JNvPTXCompiler.nvPTXCompilerGetInfoLog(handle, log);
      return new String(log, StandardCharsets.UTF_8);
    } finally {
      JNvPTXCompiler.nvPTXCompilerDestroy(handle);
    }
  }

  private static String errors(nvPTXCompilerHandle handle) {
    long[] size = {0};
    JNvPTXCompiler.nvPTXCompilerGetErrorLogSize(handle, size);
    byte[] log = new byte[(int) size[0] + 1];
    JNvPTXCompiler.nvPTXCompilerGetErrorLog(handle, log);
    return new String(log, StandardCharsets.UTF_8);
  }
}
