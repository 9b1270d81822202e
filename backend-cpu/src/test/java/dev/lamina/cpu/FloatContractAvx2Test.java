package dev.lamina.cpu;

import dev.lamina.cpu.code.Isa;

class FloatContractAvx2Test extends FloatContract {
  FloatContractAvx2Test() {
    super(Isa.AVX2);
  }
}
