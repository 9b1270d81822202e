package dev.lamina.shaders;

import java.util.List;

/** The languages in which the C-dialect kernels compile, each through preludes of its own. */
public enum Dialect {
  /** OpenCL C 1.2. */
  OPENCL("opencl"),
  /** CUDA C++. */
  CUDA("vectors", "cuda", "cards"),
  /** HIP C++. */
  HIP("vectors", "hip", "cards");

  private final List<String> preludes;

  Dialect(String... preludes) {
    this.preludes = List.of(preludes);
  }

  /** The files that come before every kernel, in order. */
  List<String> preludes() {
    return preludes;
  }
}
