// The rest of the dialect in C++, by what the language's own prelude has.

DEVICE float halfAt(const uchar *p) { return halfOf(u16At(p)); }
DEVICE void putHalf(uchar *p, float x) { *(ushort *) p = (ushort) bitsOfHalf(x); }

DEVICE float16 halves16(const uchar *p) {
  float16 r;
  if (wide(p)) {
    const uint *words = (const uint *) p;
    EACH(8) {
      uint two = words[i];
      r.v[2 * i] = halfOf(two & 0xffff);
      r.v[2 * i + 1] = halfOf(two >> 16);
    }
  } else {
    EACH(16) r.v[i] = halfAt(p + 2 * i);
  }
  return r;
}

DEVICE float16 bfloats16(const uchar *p) {
  float16 r;
  EACH(16) r.v[i] = FROM_BITS(u16At(p + 2 * i) << 16);
  return r;
}

// The sum over the 32 items of a team, for each of them.
#if !defined(LANES) || LANES == 32
#define TEAM_SUM(x) teamSum(x)
DEVICE float teamSum(float x) {
  UNROLL for (int n = 16; n > 0; n /= 2) {
    x += SHUFFLE_XOR(x, n);
  }
  return x;
}
#endif

// --- Words of integer kernels. p: aligned as they are wide.
DEVICE uint wordAt(const uchar *p) { return *(const uint *) p; }
DEVICE void words2(uint *w, const uchar *p) {
  uint2 x = *(const uint2 *) p;
  w[0] = x.x;
  w[1] = x.y;
}
DEVICE void words4(uint *w, const uchar *p) {
  uint4 x = *(const uint4 *) p;
  w[0] = x.x;
  w[1] = x.y;
  w[2] = x.z;
  w[3] = x.w;
}
DEVICE void sharedWords2(uint *w, const uint *p) { words2(w, (const uchar *) p); }
DEVICE void sharedWords4(uint *w, const uint *p) { words4(w, (const uchar *) p); }
