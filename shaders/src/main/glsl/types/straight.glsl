// Values one after the other.
uint quadPosition(uint unit, uint k) {
  return unit * 16u + k * 4u;
}
