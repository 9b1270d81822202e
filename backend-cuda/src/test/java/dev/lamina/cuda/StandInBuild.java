package dev.lamina.cuda;

import dev.lamina.cuda.standin.Modules;
import dev.lamina.cuda.standin.StandIn;
import dev.lamina.gguf.GgmlType;
import dev.lamina.shaders.CardKernels;
import dev.lamina.shaders.Dialect;
import dev.lamina.shaders.ProgramKey;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Builds the stand-in for NVIDIA's driver with all kernels that models of some types need, so that
 * the program itself can run on it: see {@code dev.lamina.cuda.standin}.
 */
final class StandInBuild {
  private StandInBuild() {}

  /** Arguments: types of weights, separated by commas or blanks. */
  public static void main(String[] args) {
    var types =
        Arrays.stream(String.join(",", args).split("[, ]+"))
            .map(GgmlType::valueOf)
            .collect(Collectors.toSet());
    List<ProgramKey> programs =
        Flavour.CUDA.programs().stream()
            .filter(key -> key.first() == null || isPages(key) || types.contains(key.first()))
            .toList();
    System.out.println(StandIn.cudaLibrary() + ", " + programs.size() + " programs");
    programs.parallelStream()
        .forEach(key -> Modules.make(key.name(), CardKernels.text(Dialect.CUDA, key)));
  }

  /** Programs for caches of float16 and float32, which models have by default. */
  private static boolean isPages(ProgramKey key) {
    return switch (key.unit()) {
      case WEIGHT, VECTORS -> false;
      case STORE -> key.first() == GgmlType.F16;
      case ATTENTION -> key.first() == GgmlType.F16 && key.second() == GgmlType.F16;
    };
  }
}
