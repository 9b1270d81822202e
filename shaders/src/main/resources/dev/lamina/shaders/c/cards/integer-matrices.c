// Up to three matrices that are multiplied with the same tokens in one launch, one's groups after the other's. firstRow and
// width are of the first: its rows go to the columns from firstRow on of out, which is width wide. The second begins with
// group end1 and the third with group end2.
#define MATRIX_ARGS                                                                                           \
  int end1, GLOBAL const uchar *weight1, GLOBAL float *out1, GLOBAL const float *addend1, int kind1, int rows1, \
      int end2, GLOBAL const uchar *weight2, GLOBAL float *out2, GLOBAL const float *addend2, int kind2, int rows2

typedef struct {
  GLOBAL const uchar *weight;
  GLOBAL float *out;
  GLOBAL const float *addend;
  int kind;
  int rows;
  int width;
  int group;
} Matrix;

#define MATRIX_OF_GROUP                                                                                       \
  int group = GROUP_ID(0);                                                                                    \
  int third = group >= end2;                                                                                  \
  int second = group >= end1;                                                                                 \
  Matrix m;                                                                                                   \
  m.weight = third ? weight2 : second ? weight1 : weight;                                                     \
  m.out = third ? out2 : second ? out1 : out + firstRow;                                                      \
  m.addend = third ? addend2 : second ? addend1 : addend + firstRow;                                          \
  m.kind = third ? kind2 : second ? kind1 : kind;                                                             \
  m.rows = third ? rows2 : second ? rows1 : rows;                                                             \
  m.width = third ? rows2 : second ? rows1 : width;                                                           \
  m.group = group - (third ? end2 : second ? end1 : 0);
