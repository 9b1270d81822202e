// What all kernels share: memory by device address, so that neither the number of buffers nor
// maxStorageBufferRange limits anything, and sums over teams of invocations.
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_control_flow_attributes : require

layout(buffer_reference, std430, buffer_reference_align = 4) buffer Words { uint v[]; };
layout(buffer_reference, std430, buffer_reference_align = 8) readonly buffer Words2 { uvec2 v[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer Words4 { uvec4 v[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Floats { float v[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) buffer Quads { vec4 v[]; };

// float32 to float16, to the nearest, ties to even: packHalf2x16 may round either way.
uint toHalf(float x) {
  uint bits = floatBitsToUint(x);
  uint sign = bits >> 16 & 0x8000u;
  uint magnitude = bits & 0x7fffffffu;
  if (magnitude >= 0x47800000u) {
    return sign | (magnitude > 0x7f800000u ? 0x7e00u : 0x7c00u);
  }
  if (magnitude < 0x38800000u) {
    // Subnormal: the sum with 0.5 leaves the rounded mantissa in the lowest bits.
    float shifted = uintBitsToFloat(magnitude) + 0.5;
    return sign | (floatBitsToUint(shifted) - 0x3f000000u);
  }
  return sign | (magnitude - 0x38000000u + 0xfffu + (magnitude >> 13 & 1u)) >> 13;
}

uint toHalf2(float low, float high) {
  return toHalf(low) | toHalf(high) << 16;
}

// float32 to bfloat16, to the nearest, ties to even; a NaN stays one.
uint toBfloat(float x) {
  uint bits = floatBitsToUint(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) {
    return bits >> 16 | 64u;
  }
  return bits + 0x7fffu + (bits >> 16 & 1u) >> 16;
}

vec4 bytes(uint word) {
  return vec4(word & 255u, word >> 8 & 255u, word >> 16 & 255u, word >> 24);
}

vec4 signedBytes(uint word) {
  int w = int(word);
  return vec4(w << 24 >> 24, w << 16 >> 24, w << 8 >> 24, w >> 24);
}

// Each byte of `word`, at most 127, less the same byte of `less`, at most 128: signed bytes.
uint lessEach(uint word, uint less) {
  return (word | 0x80808080u) - less ^ 0x80808080u;
}

// The driver's tanh may overflow, and loses digits near 0.
float tanhOf(float x) {
  float square = x * x;
  if (square < 0.01) {
    return x * (1.0 + square * (-1.0 / 3.0 + square * (2.0 / 15.0 - square * (17.0 / 315.0))));
  }
  float e = exp(2.0 * clamp(x, -15.0, 15.0));
  return (e - 1.0) / (e + 1.0);
}

float sigmoid(float x) {
  return 1.0 / (1.0 + exp(-x));
}

// A number that orders as the float does: NaN first, then -infinity; 0 and -0 are equal. Never 0.
uint orderOf(float x) {
  uint bits = floatBitsToUint(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) {
    return 1u;
  }
  if (bits == 0x80000000u) {
    bits = 0u;
  }
  return (bits & 0x80000000u) != 0u ? ~bits : bits | 0x80000000u;
}
