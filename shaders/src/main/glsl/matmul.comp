// Products of a matrix with many vectors, tile by tile: ROWS rows of the matrix against TOKENS
// vectors, brought to shared memory in slices of a few columns. The columns of a slice are those of
// units of the weight's type, wherever they lie in its block: matrix and vectors are read in the
// same order. What is in shared memory, and how it is multiplied, is in a file under tiles/, which
// gives
//   UNITS_OF_SLICE    units of a slice
//   SCALED            where the products of each vector have a scale
//   clear()           before the first slice
//   load(first)       brings the units from `first` on to shared memory
//   multiply()        adds the slice's products
//   finish()          puts the sums
#version 460
#ifdef COOPERATIVE
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#endif
#if defined(COOPERATIVE) || defined(HALVES)
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#endif
#ifdef INTEGERS
#extension GL_EXT_integer_dot_product : require
#endif
#include "common.glsl"

layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;
layout(constant_id = 1) const uint ROWS = 64;
layout(constant_id = 2) const uint TOKENS = 64;
// Rows and vectors of each invocation's sums, or of a subgroup's with COOPERATIVE.
layout(constant_id = 3) const uint SUB_ROWS = 8;
layout(constant_id = 4) const uint SUB_TOKENS = 4;
// Whether the tokens of each matrix are those that a router gives it.
layout(constant_id = 5) const bool EXPERTS = false;

layout(push_constant) uniform Arguments {
  Words mainPlane;
  Words scalePlane;
  // The vectors as the tiles want them: float32, or as narrow.comp or quantize.comp makes them.
  Words x;
  Floats y;
  Floats bias;
  // The tokens of each expert: see expert_groups.comp.
  Words groups;
  Words count;
  // What the products of each vector, or of its parts, are to be multiplied by.
  Floats scales;
  uint cols;
  uint rows;
  uint blocks;
  uint hasBias;
  uint used;
  uint perSlot;
  uint experts;
} arguments;

#include "weights.glsl"

shared uint vectors[TOKENS];
shared uint results[TOKENS];

// The tile: its first row and token, the tokens in all, and the first block of the matrix.
uint firstRow;
uint firstToken;
uint count;
uint firstBlock;

void put(uint subRow, uint subToken, float total);

// The first block of a row of the tile.
uint blocksOf(uint row) {
  return firstBlock + min(firstRow + row, arguments.rows - 1u) * arguments.blocks;
}

// Where in a vector quad k of unit `u` of a row begins.
uint columnOf(uint u, uint k) {
  return u / UNITS * BLOCK + quadPosition(u % UNITS, k);
}

#if defined(COOPERATIVE)
#include "tiles/cooperative.glsl"
#elif defined(INTEGERS)
#include "tiles/integers.glsl"
#elif defined(HALVES)
#include "tiles/halves.glsl"
#else
#include "tiles/floats.glsl"
#endif

// Writes a result, unless it lies outside.
void put(uint subRow, uint t, float total) {
  uint row = firstRow + subRow;
  if (row < arguments.rows && firstToken + t < count) {
#ifdef SCALED
    total *= arguments.scales.v[vectors[t]];
#endif
    if (arguments.hasBias != 0u) {
      total += arguments.bias.v[row];
    }
    arguments.y.v[results[t] * arguments.rows + row] = total;
  }
}

void main() {
  firstRow = gl_WorkGroupID.x * ROWS;
  firstToken = gl_WorkGroupID.y * TOKENS;
  firstBlock = 0;
  count = arguments.count.v[0];
  uint from = 0;
  if (EXPERTS) {
    uint expert = gl_WorkGroupID.z;
    firstBlock = expert * arguments.rows * arguments.blocks;
    from = arguments.groups.v[expert];
    count = arguments.groups.v[expert + 1u] - from;
  }
  if (firstToken >= count) {
    return;
  }
  for (uint i = gl_LocalInvocationID.x; i < TOKENS; i += gl_WorkGroupSize.x) {
    uint t = min(firstToken + i, count - 1u);
    if (EXPERTS) {
      uint pair = arguments.groups.v[arguments.experts + 1u + from + t];
      results[i] = pair;
      vectors[i] = arguments.perSlot != 0u ? pair : pair / arguments.used;
    } else {
      results[i] = t;
      vectors[i] = t;
    }
  }
  clear();
  uint units = arguments.blocks * UNITS;
  for (uint first = 0; first < units; first += UNITS_OF_SLICE) {
    barrier();
    load(first);
    barrier();
    multiply();
  }
  finish();
}
