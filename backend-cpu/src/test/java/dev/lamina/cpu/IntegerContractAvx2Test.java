package dev.lamina.cpu;

import dev.lamina.cpu.code.Isa;

class IntegerContractAvx2Test extends IntegerContract {
  IntegerContractAvx2Test() {
    super(Isa.AVX2);
  }
}
