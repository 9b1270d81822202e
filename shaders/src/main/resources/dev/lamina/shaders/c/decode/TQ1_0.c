// u8 packed[48], u8 packed[4], f16 d: value n of a byte b is the integer part of 3 (b 3^n mod 256) / 256, less 1.
DEVICE float16 DECODE(GLOBAL const uchar *b, int part, GLOBAL const uint *table) {
  int16 q;
  if (part == 15) {
    uint four = u32At(b + 48);
    // Products modulo 256 of four bytes at once, two at a time.
    uint even = four & 0x00ff00ffu;
    uint odd = four >> 8 & 0x00ff00ffu;
    uint three = (even * 3 & 0x00ff00ffu) | (odd * 3 & 0x00ff00ffu) << 8;
    uint nine = (even * 9 & 0x00ff00ffu) | (odd * 9 & 0x00ff00ffu) << 8;
    uint most = (even * 27 & 0x00ff00ffu) | (odd * 27 & 0x00ff00ffu) << 8;
    q = wordBytes16(four, three, nine, most);
  } else {
    int n = part < 10 ? part >> 1 : part - 10;
    int power = n == 0 ? 1 : n == 1 ? 3 : n == 2 ? 9 : n == 3 ? 27 : 81;
    q = bytes16by2(b + (part < 10 ? (part & 1) * 16 : 32)) * power & 255;
  }
  return FLOATS16((q * 3 >> 8) - 1) * halfAt(b + 52);
}
