// Stores keys or values at their tokens' positions: page by page, in a page head by head, in a head position by
// position. An item encodes UNIT values to UNIT_BYTES bytes. Group x: units of all tokens.
KERNEL(64, 1) store(GLOBAL const float *in, GLOBAL const int *step, GLOBAL uchar *pages, int positionsAt, int slotsAt,
    int tableAt, int tableWidth, int pageShift, int heads, int headDim, int tokens) {
  int units = headDim / UNIT;
  int item = GROUP_ID(0) * 64 + LOCAL_ID(0);
  if (item >= units * heads * tokens) {
    return;
  }
  int unit = item % units;
  int head = item / units % heads;
  int token = item / units / heads;
  int position = step[positionsAt + token];
  int page = step[tableAt + step[slotsAt + token] * tableWidth + (position >> pageShift)];
  ulong row = ((ulong) (page * heads + head) << pageShift) + (position & ((1 << pageShift) - 1));
  encode(pages + (row * units + unit) * UNIT_BYTES, in + (ulong) item * UNIT);
}
