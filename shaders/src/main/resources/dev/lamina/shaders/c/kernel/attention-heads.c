// Heads of one size, in pages of types that are fixed, for kernel/attention: HEAD_K and HEAD_V values in a key and a value
// head, K_VALUES, K_BYTES, V_VALUES and V_BYTES in their blocks.

#define K_PIECES (K_VALUES / 16)
#define OUTS ((HEAD_V + ITEMS - 1) / ITEMS)
#define MOST_K HEAD_K
#define DIM_K HEAD_K
#define DIM_V HEAD_V
#define KEY_BYTES (HEAD_K / K_VALUES * K_BYTES)
#define VALUE_BYTES (HEAD_V / V_VALUES * V_BYTES)
#define KEY_PIECE(key, c) decodeKey((key) + (c) / K_PIECES * K_BYTES, (c) % K_PIECES, (GLOBAL const uint *) step)
#define VALUE_AT(value, d) decodeValueOne((value) + (d) / V_VALUES * V_BYTES, (d) % V_VALUES)
#define HEAD_ARGS
#define JOIN_ARGS
