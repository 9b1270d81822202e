// Keys or values in pages: by page, head and position a row of a head's values, padded to a
// multiple of 16; in quantized types in blocks of 32, whose scales lie in a plane of their own.
const uint F32 = 0;
const uint F16 = 1;
const uint BF16 = 2;
const uint Q8_0 = 3;
const uint Q4_0 = 4;

// Words of a row.
uint rowWords(uint type, uint width) {
  switch (type) {
    case F32:
      return width;
    case F16:
    case BF16:
      return width / 2u;
    case Q8_0:
      return width / 4u;
    default:
      return width / 8u;
  }
}

// Words of a row's scales.
uint scaleWords(uint type, uint width) {
  return type >= Q8_0 ? (width + 63u) / 64u : 0u;
}
