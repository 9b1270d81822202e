package dev.lamina.opencl;

import dev.lamina.gguf.GgmlType;
import dev.lamina.opencl.Paths.Subgroups;
import dev.lamina.shaders.Dialect;
import dev.lamina.shaders.KernelText;
import dev.lamina.shaders.KernelUnit;
import dev.lamina.shaders.ProgramKey;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** As {@link OclgrindCheck}, with the kernels that cards run. */
class OclgrindCardKernelsCheck extends OclgrindCheck {
  @Override
  OpenClDevice open() {
    return open(s -> s.withPaths(Paths.FLOOR.onProcessor()));
  }

  /** Oclgrind cannot run sub-groups; its compiler knows them, and takes the text for them. */
  @ParameterizedTest
  @CsvSource({"KHR, CL2.0, 0", "INTEL, CL1.2, 0", "INTEL, CL2.0, 1"})
  void subgroupsCompile(Subgroups subgroups, String language, int sized) {
    Map<String, Integer> numbers = Map.of("LANES", 16, "TEAMS", 8, "ROWS", 2, "TILE_TOKENS", 32);
    for (GgmlType type : new GgmlType[] {GgmlType.F16, GgmlType.Q4_0, GgmlType.IQ3_S}) {
      ProgramKey key = new ProgramKey(KernelUnit.WEIGHT, type, null, numbers);
      Map<String, Integer> defines = new HashMap<>(Paths.FLOOR.withSubgroups(subgroups).defines());
      if (sized != 0) {
        defines.put("cl_intel_required_subgroup_size", 1);
      }
      String text = KernelText.of(Dialect.OPENCL, key, defines);
      device().programs().build("subgroups-" + type, text, "-cl-std=" + language);
    }
  }
}
