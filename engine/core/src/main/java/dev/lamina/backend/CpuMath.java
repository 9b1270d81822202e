package dev.lamina.backend;

/** How the CPU, and cards, multiply quantized weights with activations. */
public enum CpuMath {
  /** Activations stay float32, weights become float32: the most exact. */
  F32,
  /**
   * Activations are rounded to 8-bit integers, 32 values with a scale, and multiplied with the
   * weights' integers: the fastest, where the processor and the system allow it; else as {@link
   * #F32}.
   */
  I8
}
