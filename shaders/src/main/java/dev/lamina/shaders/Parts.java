package dev.lamina.shaders;

import dev.lamina.backend.TensorSpec;

/**
 * How a device cuts weights that are too large for one allocation: whole rows of a matrix or table,
 * whole matrices of experts. All parts but the last are of one size.
 */
@FunctionalInterface
public interface Parts {
  /** Nothing is cut: where addresses have 64 bits and memory comes in any size. */
  Parts WHOLE = Parts::units;

  /** Rows (of an expert weight: experts) of a part, at least 1. */
  int each(TensorSpec spec);

  /** Rows, or experts, in all. */
  static int units(TensorSpec spec) {
    return spec.experts() > 1 ? spec.experts() : spec.rows();
  }

  /** The number of parts. */
  default int count(TensorSpec spec) {
    return Math.ceilDiv(units(spec), each(spec));
  }
}
