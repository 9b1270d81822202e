package dev.lamina.cpu;

import dev.lamina.cpu.code.Isa;

class IntegerContractAmxTest extends IntegerContract {
  IntegerContractAmxTest() {
    super(Isa.AMX_INT8);
  }
}
