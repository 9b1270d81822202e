package dev.lamina.shaders;

/** What is compiled together: all kernels that a type of weights needs, say. */
public enum KernelUnit {
  /** Products with a type of weights, and looking up its rows. */
  WEIGHT,
  /** Ops over activations. */
  VECTORS,
  /** Storing of keys or values. */
  STORE,
  /** Attention over pages. */
  ATTENTION
}
