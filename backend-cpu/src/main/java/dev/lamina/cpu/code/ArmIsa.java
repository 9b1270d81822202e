package dev.lamina.cpu.code;

/**
 * The instruction sets of AArch64 that kernels are made for, the best last. Products of matrices of
 * bytes (i8mm) are none of them yet: they take pairs of tokens, and while records hold one token
 * after the other, bringing pairs together costs as many instructions as it saves.
 */
public enum ArmIsa implements InstructionSet {
  /** Advanced SIMD with products of four bytes, which Armv8.4 has and many of Armv8.2. */
  DOTPROD("NEON dotprod");

  private final String label;

  ArmIsa(String label) {
    this.label = label;
  }

  @Override
  public String label() {
    return label;
  }

  @Override
  public boolean runsHere() {
    ArmFeatures features = ArmFeatures.read();
    return features != null
        && switch (this) {
          case DOTPROD -> features.dotprod();
        };
  }
}
