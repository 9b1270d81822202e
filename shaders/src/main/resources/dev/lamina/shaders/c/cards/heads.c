// For kernel/attention: keys and values of heads of any multiple of 16 up to HEAD, in pages of any type, which the launch
// decides: so that few programs serve all models.

#define OUTS ((HEAD + ITEMS - 1) / ITEMS)
#define MOST_K HEAD
#define DIM_K headK
#define DIM_V headV
#define KEY_BYTES bytesK
#define VALUE_BYTES bytesV
#define KEY_PIECE(key, c) headPiece(typeK, key, c)
#define VALUE_AT(value, d) headValue(typeV, value, d)
#define HEAD_ARGS , int headK, int headV, int typeK, int typeV, int bytesK, int bytesV
#define JOIN_ARGS , int headV

// Piece c of 16 values of a head. The type is the same for all items: no item waits for another.
DEVICE float16 headPiece(int type, const uchar *head, int c) {
  switch (type) {
    case PAGES_F32: return decodeF32(head + c * 64, 0, nullptr);
    case PAGES_F16: return decodeF16(head + c * 32, 0, nullptr);
    case PAGES_BF16: return decodeBF16(head + c * 32, 0, nullptr);
    case PAGES_Q8_0: return decodeQ8_0(head + c / 2 * 34, c % 2, nullptr);
    default: return decodeQ4_0(head + c / 2 * 18, c % 2, nullptr);
  }
}

DEVICE float headValue(int type, const uchar *head, int d) {
  switch (type) {
    case PAGES_F32: return ((const float *) head)[d];
    case PAGES_F16: return oneF16(head, d);
    case PAGES_BF16: return oneBF16(head, d);
    case PAGES_Q8_0: return oneQ8_0(head + d / 32 * 34, d % 32);
    default: return oneQ4_0(head + d / 32 * 18, d % 32);
  }
}
