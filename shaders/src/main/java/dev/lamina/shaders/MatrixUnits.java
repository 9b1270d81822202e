package dev.lamina.shaders;

import dev.lamina.gguf.GgmlType;

/** Matrix units of NVIDIA's cards, by what the kernels use of them. */
public enum MatrixUnits {
  /** None, or none that is used. */
  NONE(0),
  /** Those of compute capability 7.5: float16 and 8-bit integers. */
  TURING(75),
  /**
   * Those of compute capability 8.0: also bfloat16 and TF32, and copies to shared memory that run
   * by themselves.
   */
  AMPERE(80);

  private final int capability;

  MatrixUnits(int capability) {
    this.capability = capability;
  }

  /** The least compute capability of a card that has them, times ten. */
  public int capability() {
    return capability;
  }

  /** The units of a card with a compute capability (times ten). */
  public static MatrixUnits of(int capability) {
    MatrixUnits most = NONE;
    for (MatrixUnits units : values()) {
      if (units.capability <= capability) {
        most = units;
      }
    }
    return most;
  }

  /** Whether copies to shared memory run by themselves. */
  boolean copies() {
    return this == AMPERE;
  }

  /** How rows of activations are brought to a type of weights; null where they are not. */
  Rounding halves(GgmlType type) {
    return switch (type) {
      case F16 -> this == NONE ? null : Rounding.F16;
      case BF16 -> this == AMPERE ? Rounding.BF16 : null;
      default -> null;
    };
  }
}
