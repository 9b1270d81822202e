// As argmax, by more items, which is what a single row needs. Group x: a row.
KERNEL(1024, 1) argmaxWide(const float *in, int *out, int width) {
  SHARED float values[1024];
  SHARED int numbers[1024];
  int id = LOCAL_ID(0);
  const float *from = in + (ulong) GROUP_ID(0) * width;
  float value = 0.0f;
  int number = -1;
  // Several at a time, so that their loads overlap.
  for (int base = 0; base < width; base += 8192) {
    float x[8];
    UNROLL for (int k = 0; k < 8; k++) {
      int i = base + 1024 * k + id;
      x[k] = i < width ? from[i] : 0.0f;
    }
    UNROLL for (int k = 0; k < 8; k++) {
      int i = base + 1024 * k + id;
      if (i < width && before(x[k], i, value, number)) {
        value = x[k];
        number = i;
      }
    }
  }
  number = best(values, numbers, 1024, id, value, number);
  if (id == 0) {
    out[GROUP_ID(0)] = number;
  }
}
