// Whether candidate a comes before b: the greater, the lower number where equal; no NaN before a number; a negative
// number stands for no candidate.
DEVICE int before(float a, int i, float b, int j) {
  if (i < 0 || j < 0) {
    return i >= 0;
  }
  if (a != a || b != b) {
    return a != a && b != b ? i < j : b != b;
  }
  return a > b || (a == b && i < j);
}

// The best candidate of all items: its number. values, numbers: SIZE each.
DEVICE int best(LOCAL float *values, LOCAL int *numbers, int size, int id, float value, int number) {
  values[id] = value;
  numbers[id] = number;
  BARRIER();
  for (int n = size / 2; n > 0; n /= 2) {
    if (id < n && before(values[id + n], numbers[id + n], values[id], numbers[id])) {
      values[id] = values[id + n];
      numbers[id] = numbers[id + n];
    }
    BARRIER();
  }
  int found = numbers[0];
  BARRIER();
  return found;
}
