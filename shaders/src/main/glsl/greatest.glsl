// The greatest of a workgroup's candidates, the lowest number among equals. Needs SIZE.
shared uint orders[SIZE];
shared uint numbers[SIZE];

uint greatest(uint order, uint number) {
  uint me = gl_LocalInvocationID.x;
  orders[me] = order;
  numbers[me] = number;
  for (uint half_ = SIZE / 2u; half_ > 0u; half_ >>= 1) {
    barrier();
    if (me < half_) {
      uint other = orders[me + half_];
      uint otherNumber = numbers[me + half_];
      if (other > orders[me] || other == orders[me] && otherNumber < numbers[me]) {
        orders[me] = other;
        numbers[me] = otherNumber;
      }
    }
  }
  barrier();
  uint best = numbers[0];
  barrier();
  return best;
}
