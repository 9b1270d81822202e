package dev.lamina.opencl;

import dev.lamina.gguf.GgmlType;
import dev.lamina.opencl.Paths.Subgroups;
import dev.lamina.shaders.Dialect;
import dev.lamina.shaders.KernelText;
import dev.lamina.shaders.KernelUnit;
import dev.lamina.shaders.ProgramKey;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** As {@link OclgrindCheck}, with the kernels that cards run. */
class OclgrindCardKernelsCheck extends OclgrindCheck {
  @Override
  OpenClDevice open() {
    OpenClDevice device = super.open();
    return device.again("OpenCL0", device.settings().withPaths(Paths.FLOOR.onProcessor()));
  }

  /** Oclgrind cannot run sub-groups; its compiler knows them, and takes the text for them. */
  @ParameterizedTest
  @CsvSource({"KHR, CL2.0", "INTEL, CL1.2", "INTEL, CL2.0"})
  void subgroupsCompile(Subgroups subgroups, String language) {
    Map<String, Integer> numbers = Map.of("LANES", 16, "TEAMS", 8, "ROWS", 2, "TILE_TOKENS", 32);
    for (GgmlType type : new GgmlType[] {GgmlType.F16, GgmlType.Q4_0, GgmlType.IQ3_S}) {
      ProgramKey key = new ProgramKey(KernelUnit.WEIGHT, type, null, numbers);
      Map<String, Integer> defines = Paths.FLOOR.withSubgroups(subgroups).defines();
      String text = KernelText.of(Dialect.OPENCL, key, defines);
      device().programs().build("subgroups-" + type, text, "-cl-std=" + language);
    }
  }
}
