package dev.lamina.cuda;

import dev.lamina.backend.DeviceException;
import dev.lamina.shaders.ProgramKey;
import java.util.Map;
import java.util.Set;

/** Where a card's code comes from. */
interface KernelImages {
  /**
   * Code that the card's driver loads, for each of the programs.
   *
   * @throws DeviceException ({@code COMPILE_FAILED}) where one cannot be had
   */
  Map<ProgramKey, byte[]> images(Set<ProgramKey> programs);
}
