package dev.lamina.tokenizer;

/**
 * The 256 printable characters by which GPT-2's vocabularies write bytes (bytes_to_unicode of
 * OpenAI's gpt-2/src/encoder.py): printable Latin-1 characters stand for themselves, the other
 * bytes, in order, for U+0100 and up.
 */
final class ByteAlphabet {
  private static final short[] BYTE_OF = new short[0x180];

  static {
    java.util.Arrays.fill(BYTE_OF, (short) -1);
    int next = 0x100;
    for (int b = 0; b < 256; b++) {
      boolean printable = b >= 0x21 && b <= 0x7E || b >= 0xA1 && b <= 0xAC || b >= 0xAE;
      BYTE_OF[printable ? b : next++] = (short) b;
    }
  }

  private ByteAlphabet() {}

  /** The byte (0 to 255) that a character stands for, or -1. */
  static int byteOf(char c) {
    return c < BYTE_OF.length ? BYTE_OF[c] : -1;
  }
}
