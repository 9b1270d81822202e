// The sum of a value of each item of a group along x, for all of them. red: as many floats as items.
DEVICE float groupSum(LOCAL float *red, int id, int items, float value) {
#if defined(SHUFFLE_XOR)
  value = teamSum(value);
  if (id % 32 == 0) {
    red[id / 32] = value;
  }
  BARRIER();
  float sum = 0.0f;
  UNROLL for (int i = 0; i < items / 32; i++) {
    sum += red[i];
  }
  return sum;
#elif defined(SUBGROUPS)
  value = sub_group_reduce_add(value);
  if (get_sub_group_local_id() == 0) {
    red[get_sub_group_id()] = value;
  }
  BARRIER();
  float sum = 0.0f;
  for (int i = 0; i < (int) get_num_sub_groups(); i++) {
    sum += red[i];
  }
  return sum;
#else
  red[id] = value;
  BARRIER();
  for (int n = items / 2; n > 0; n /= 2) {
    if (id < n) {
      red[id] += red[id + n];
    }
    BARRIER();
  }
  return red[0];
#endif
}
