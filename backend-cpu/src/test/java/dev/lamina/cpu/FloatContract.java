package dev.lamina.cpu;

import dev.lamina.backend.Capabilities;
import dev.lamina.backend.CpuMath;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.testing.BackendContract;
import dev.lamina.cpu.code.InstructionSet;
import dev.lamina.gguf.GgmlType;
import java.util.Set;
import org.junit.jupiter.api.Assumptions;

/**
 * The contract with products in float32 by machine code, with the functions of one instruction set.
 * Where the processor lacks it, nothing is tested.
 */
abstract class FloatContract extends BackendContract {
  private final InstructionSet isa;

  FloatContract(InstructionSet isa) {
    this.isa = isa;
  }

  @Override
  protected Device open() {
    Assumptions.assumeTrue(isa.runsHere(), "not here: " + isa);
    return new CpuDevice(new DeviceOptions(2, true, CpuMath.F32), Start.SIMD, isa);
  }

  @Override
  protected Capabilities capabilities() {
    return CpuCapabilities.INSTANCE;
  }

  @Override
  protected Set<GgmlType> matrixTypes() {
    return allWeightTypes();
  }
}
