package dev.lamina.cuda;

import dev.lamina.backend.Capabilities;
import dev.lamina.shaders.CardKernels;
import dev.lamina.shaders.Dialect;
import dev.lamina.shaders.MatrixUnits;
import dev.lamina.shaders.ProgramKey;
import dev.lamina.shaders.Tuning;
import java.util.List;

/**
 * What differs between the two backends of this module beside their drivers.
 *
 * @param backend the backend's name
 * @param idPrefix how its devices' ids begin
 * @param dialect the kernels' language
 * @param tuning how the kernels are cut
 * @param units the matrix units that there are kernels for
 * @param capabilities what the backend can do
 */
record Flavour(
    String backend,
    String idPrefix,
    Dialect dialect,
    Tuning tuning,
    List<MatrixUnits> units,
    Capabilities capabilities) {
  private static final Tuning TUNING = new Tuning(32, 4, 2, 64, 64, 48 << 10);

  static final Flavour CUDA =
      new Flavour(
          "cuda",
          "CUDA",
          Dialect.CUDA,
          TUNING,
          List.of(MatrixUnits.TURING, MatrixUnits.AMPERE),
          CardCapabilities.INSTANCE);

  static final Flavour ROCM =
      new Flavour("rocm", "ROCm", Dialect.HIP, TUNING, List.of(), CardCapabilities.INSTANCE);

  /** All programs that its cards may need for any model. */
  List<ProgramKey> programs() {
    return CardKernels.programs(tuning, units);
  }
}
