package dev.lamina.tokenizer;

/**
 * U+2581, by which SentencePiece's vocabularies write a space. Here texts and tokens are compared
 * with plain spaces in its place, which is shorter; a token with a plain space can meet no text.
 */
final class SpaceMark {
  static final int CODE_POINT = 0x2581;

  private SpaceMark() {}

  /**
   * Writes a UTF-8 text with spaces for the marks.
   *
   * @return the number of bytes, or -1 where the text has a plain space or is not valid UTF-8
   */
  static int decode(byte[] text, int from, int to, byte[] out, int at) {
    int n = at;
    boolean ascii = true;
    for (int i = from; i < to; i++) {
      byte b = text[i];
      if (b == ' ') {
        return -1;
      }
      if (b < 0) {
        ascii = false;
        if (b == (byte) 0xE2
            && i + 2 < to
            && text[i + 1] == (byte) 0x96
            && text[i + 2] == (byte) 0x81) {
          b = ' ';
          i += 2;
        }
      }
      out[n++] = b;
    }
    return ascii || Utf8.isValid(text, from, to) ? n - at : -1;
  }
}
