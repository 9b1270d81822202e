package dev.lamina.cpu;

import dev.lamina.cpu.code.Isa;

class FloatContractAmxTest extends FloatContract {
  FloatContractAmxTest() {
    super(Isa.AMX_INT8);
  }
}
