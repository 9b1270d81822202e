package dev.lamina.cpu;

import java.util.Locale;

/** Which kernels a program begins with. */
enum Start {
  /** Small models in plain form, until that has done about as much as warming up costs. */
  AUTO,
  /** All that has a plain form in that form, for good: for tests. */
  PLAIN,
  /** The SIMD kernels from the first step on: for tests and measurements. */
  SIMD,
  /** A step in plain form, then one with SIMD, and so on: for tests, and to load every class. */
  TURNS;

  /** The property that chooses one, by its name in lower case. */
  static final String PROPERTY = "lamina.cpu.start";

  static Start asked() {
    String name = System.getProperty(PROPERTY);
    return name == null ? AUTO : valueOf(name.toUpperCase(Locale.ROOT));
  }
}
