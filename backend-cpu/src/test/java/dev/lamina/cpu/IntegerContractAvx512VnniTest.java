package dev.lamina.cpu;

import dev.lamina.cpu.code.Isa;

class IntegerContractAvx512VnniTest extends IntegerContract {
  IntegerContractAvx512VnniTest() {
    super(Isa.AVX512_VNNI);
  }
}
