// The 6-bit scales and minima of Q4_K and Q5_K, eight of each in 12 bytes.
DEVICE int kScale(GLOBAL const uchar *b, int group) {
  return group < 4 ? b[group] & 63 : (b[group + 4] & 15) | b[group - 4] >> 6 << 4;
}
DEVICE int kMin(GLOBAL const uchar *b, int group) {
  return group < 4 ? b[group + 4] & 63 : b[group + 4] >> 4 | b[group] >> 6 << 4;
}
