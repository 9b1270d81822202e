package dev.lamina.cpu;

import dev.lamina.cpu.code.Isa;

class FloatContractAvx512Test extends FloatContract {
  FloatContractAvx512Test() {
    super(Isa.AVX512_VNNI);
  }
}
