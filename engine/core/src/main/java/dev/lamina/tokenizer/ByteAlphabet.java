package dev.lamina.tokenizer;

import java.util.Arrays;

/**
 * The 256 printable characters by which GPT-2's vocabularies write bytes (bytes_to_unicode of
 * OpenAI's gpt-2/src/encoder.py): printable Latin-1 characters stand for themselves, the other
 * bytes, in order, for U+0100 and up.
 */
final class ByteAlphabet {
  private static final short[] BYTE_OF = new short[0x180];

  static {
    Arrays.fill(BYTE_OF, (short) -1);
    int next = 0x100;
    for (int b = 0; b < 256; b++) {
      boolean printable = b >= 0x21 && b <= 0x7E || b >= 0xA1 && b <= 0xAC || b >= 0xAE;
      BYTE_OF[printable ? b : next++] = (short) b;
    }
  }

  private ByteAlphabet() {}

  /**
   * Writes the bytes that a UTF-8 text stands for.
   *
   * @return their number, or -1 where a character is not of the alphabet
   */
  static int decode(byte[] text, int from, int to, byte[] out, int at) {
    int n = at;
    for (int i = from; i < to; i++) {
      int b = text[i];
      if (b < 0) {
        // All others of the alphabet have two bytes in UTF-8, and lie below U+0180.
        if (b < (byte) 0xC2 || b > (byte) 0xC5 || ++i == to || (text[i] & 0xC0) != 0x80) {
          return -1;
        }
        b = (b & 0x1F) << 6 | text[i] & 0x3F;
      }
      b = BYTE_OF[b];
      if (b < 0) {
        return -1;
      }
      out[n++] = (byte) b;
    }
    return n - at;
  }
}
