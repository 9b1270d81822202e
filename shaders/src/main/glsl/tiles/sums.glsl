// An invocation's sums, and where in the tile they lie.
float sum[SUB_ROWS][SUB_TOKENS];

uint subRow() {
  return gl_LocalInvocationID.x % (ROWS / SUB_ROWS) * SUB_ROWS;
}

uint subToken() {
  return gl_LocalInvocationID.x / (ROWS / SUB_ROWS) * SUB_TOKENS;
}

void clear() {
  [[unroll]] for (uint r = 0; r < SUB_ROWS; r++) {
    [[unroll]] for (uint t = 0; t < SUB_TOKENS; t++) {
      sum[r][t] = 0.0;
    }
  }
}

void finish() {
  [[unroll]] for (uint t = 0; t < SUB_TOKENS; t++) {
    [[unroll]] for (uint r = 0; r < SUB_ROWS; r++) {
      put(subRow() + r, subToken() + t, sum[r][t]);
    }
  }
}
