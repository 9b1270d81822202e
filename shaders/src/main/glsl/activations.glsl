// Reading of a matrix product's right-hand side, `cols` wide. Needs weights.glsl before it.

// Four values of row `row` from column `at` on.
vec4 activation(uint row, uint at) {
#ifdef PADDED
  if (at + 4u > arguments.cols || (arguments.cols & 3u) != 0u) {
    Floats x = Floats(arguments.x);
    vec4 some = vec4(0.0);
    [[unroll]] for (uint e = 0; e < 4; e++) {
      if (at + e < arguments.cols) {
        some[e] = x.v[row * arguments.cols + at + e];
      }
    }
    return some;
  }
#endif
  return Quads(arguments.x).v[(row * arguments.cols + at) >> 2];
}
