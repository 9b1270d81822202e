package dev.lamina.cpu;

import dev.lamina.cpu.code.ArmIsa;

class IntegerContractDotprodTest extends IntegerContract {
  IntegerContractDotprodTest() {
    super(ArmIsa.DOTPROD);
  }
}
