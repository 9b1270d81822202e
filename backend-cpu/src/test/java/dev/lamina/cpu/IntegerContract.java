package dev.lamina.cpu;

import dev.lamina.backend.Capabilities;
import dev.lamina.backend.CpuMath;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.testing.BackendContract;
import dev.lamina.cpu.code.InstructionSet;
import dev.lamina.cpu.panel.PanelFormats;
import dev.lamina.gguf.GgmlType;
import java.util.Set;
import org.junit.jupiter.api.Assumptions;

/**
 * The contract with activations rounded to 8 bits, with the functions of one instruction set. Where
 * the processor lacks it, nothing is tested.
 */
abstract class IntegerContract extends BackendContract {
  /**
   * What rounding may cost. The step is the largest magnitude of 32 activations by 127, and the
   * error within it even, of mean square {@code step * step / 12}. Relative to the activations'
   * square that is at most {@code 32 / (127 * 127 * 12) = 1.65e-4}, where one value of 32 is large
   * and all others nothing; usual ones are eight times better. Scatter is the contract's to add.
   */
  private static final double ROUNDING = 1.65e-4;

  private final InstructionSet isa;

  IntegerContract(InstructionSet isa) {
    this.isa = isa;
  }

  @Override
  protected Device open() {
    Assumptions.assumeTrue(InstructionSet.here().contains(isa), "not here: " + isa);
    return new CpuDevice(new DeviceOptions(2, true, CpuMath.I8), Start.SIMD, isa);
  }

  @Override
  protected Capabilities capabilities() {
    return CpuCapabilities.INSTANCE;
  }

  @Override
  protected Set<GgmlType> matrixTypes() {
    return allWeightTypes();
  }

  @Override
  protected double matrixBound(GgmlType type) {
    return PanelFormats.of(type).input().rounded() ? ROUNDING : 1e-10;
  }
}
