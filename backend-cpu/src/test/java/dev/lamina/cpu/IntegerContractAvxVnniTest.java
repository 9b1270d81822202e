package dev.lamina.cpu;

import dev.lamina.cpu.code.Isa;

class IntegerContractAvxVnniTest extends IntegerContract {
  IntegerContractAvxVnniTest() {
    super(Isa.AVX_VNNI);
  }
}
