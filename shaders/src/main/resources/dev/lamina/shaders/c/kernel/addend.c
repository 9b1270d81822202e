// What products add to a sum: nothing (NO_ADDEND), a value for each row (ROW_ADDEND), or what another matrix has at the
// place of the result (PLACE_ADDEND).
#define NO_ADDEND 0
#define ROW_ADDEND 1
#define PLACE_ADDEND 2

DEVICE float plus(float sum, GLOBAL const float *addend, int kind, ulong place, int row) {
  return kind == NO_ADDEND ? sum : sum + addend[kind == ROW_ADDEND ? (ulong) row : place];
}
