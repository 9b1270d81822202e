package dev.lamina.cpu.panel;

import dev.lamina.cpu.code.Isa;

/** How an instruction set multiplies bytes of weights with bytes of activations. */
enum Multiplier {
  /** Four products of unsigned with signed bytes are added to a 32-bit sum at once. */
  DOT,
  /** Pairs of products become words, of which {@link #pairs} may be added before they overflow. */
  PAIRS,
  /**
   * The same with magnitudes of weights, whose signs are given to the activations: for values of 8
   * bits, of which a pair of products would exceed a word.
   */
  SIGNED;

  /** The largest magnitude of a rounded activation. */
  private static final int MOST_INPUT = 127;

  static Multiplier of(Isa isa, PanelFormat format) {
    return switch (isa) {
      case AVX_VNNI, AVX512_VNNI, AMX_INT8 -> DOT;
      case AVX2 -> pairs(format) > 0 ? PAIRS : SIGNED;
    };
  }

  /** How many pairs of products can be added up in a word. */
  static int pairs(PanelFormat format) {
    return Short.MAX_VALUE / (2 * MOST_INPUT * format.most());
  }
}
