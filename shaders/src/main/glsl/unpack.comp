// Brings blocks from their form in the file into two planes of whole words: the main plane, padded
// with zeros, and the scale plane.
#version 460
#include "common.glsl"

layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;

layout(push_constant) uniform Arguments {
  // Blocks as in the file; may be read up to the next word's end.
  Words source;
  Words mainPlane;
  Words scalePlane;
  // How many blocks; in a block: bytes, where the main bytes begin and how many they are, the words
  // that they get, where the scale's bytes begin and how many they are (0, 1, 2 or 4).
  uint blocks;
  uint blockBytes;
  uint mainAt;
  uint mainBytes;
  uint mainWords;
  uint scaleAt;
  uint scaleBytes;
} arguments;

// The word that begins at byte `at`, of which `bytes` count.
uint wordAt(uint at, uint bytes) {
  uint shift = (at & 3u) * 8u;
  uint word = arguments.source.v[at >> 2] >> shift;
  if (shift + bytes * 8u > 32u) {
    word |= arguments.source.v[(at >> 2) + 1u] << 32u - shift;
  }
  return bytes < 4u ? word & (1u << bytes * 8u) - 1u : word;
}

void main() {
  uint stride = gl_NumWorkGroups.x * gl_WorkGroupSize.x;
  uint words = arguments.blocks * arguments.mainWords;
  for (uint i = gl_GlobalInvocationID.x; i < words; i += stride) {
    uint block = i / arguments.mainWords;
    uint at = i % arguments.mainWords * 4u;
    uint word = 0;
    if (at < arguments.mainBytes) {
      uint bytes = min(4u, arguments.mainBytes - at);
      word = wordAt(block * arguments.blockBytes + arguments.mainAt + at, bytes);
    }
    arguments.mainPlane.v[i] = word;
  }
  if (arguments.scaleBytes == 0u) {
    return;
  }
  uint each = 4u / arguments.scaleBytes;
  uint scales = (arguments.blocks + each - 1u) / each;
  for (uint i = gl_GlobalInvocationID.x; i < scales; i += stride) {
    uint word = 0;
    for (uint n = 0; n < each && i * each + n < arguments.blocks; n++) {
      uint at = (i * each + n) * arguments.blockBytes + arguments.scaleAt;
      word |= wordAt(at, arguments.scaleBytes) << n * arguments.scaleBytes * 8u;
    }
    arguments.scalePlane.v[i] = word;
  }
}
