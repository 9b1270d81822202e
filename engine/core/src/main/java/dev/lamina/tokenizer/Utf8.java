package dev.lamina.tokenizer;

import java.nio.charset.StandardCharsets;

/** UTF-8, with U+FFFD for whatever is no character. */
final class Utf8 {
  static final int REPLACEMENT = 0xFFFD;

  private Utf8() {}

  /** Bytes that a code point takes. */
  static int length(int codePoint) {
    return codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
  }

  /** Writes a code point and returns the offset after it. */
  static int put(int codePoint, byte[] out, int at) {
    if (codePoint < 0x80) {
      out[at] = (byte) codePoint;
      return at + 1;
    }
    if (codePoint < 0x800) {
      out[at] = (byte) (0xC0 | codePoint >> 6);
      out[at + 1] = (byte) (0x80 | codePoint & 0x3F);
      return at + 2;
    }
    if (codePoint < 0x10000) {
      out[at] = (byte) (0xE0 | codePoint >> 12);
      out[at + 1] = (byte) (0x80 | codePoint >> 6 & 0x3F);
      out[at + 2] = (byte) (0x80 | codePoint & 0x3F);
      return at + 3;
    }
    out[at] = (byte) (0xF0 | codePoint >> 18);
    out[at + 1] = (byte) (0x80 | codePoint >> 12 & 0x3F);
    out[at + 2] = (byte) (0x80 | codePoint >> 6 & 0x3F);
    out[at + 3] = (byte) (0x80 | codePoint & 0x3F);
    return at + 4;
  }

  /** The code point at an index; a lone surrogate is U+FFFD. */
  static int codePoint(CharSequence text, int index, int end) {
    char c = text.charAt(index);
    if (!Character.isSurrogate(c)) {
      return c;
    }
    if (Character.isHighSurrogate(c) && index + 1 < end) {
      char low = text.charAt(index + 1);
      if (Character.isLowSurrogate(low)) {
        return Character.toCodePoint(c, low);
      }
    }
    return REPLACEMENT;
  }

  /**
   * How many of the last bytes are the beginning of a character that may still be completed (0 to
   * 3). A beginning that no continuation can make valid (overlong, surrogate, above U+10FFFF)
   * counts as 0.
   */
  static int incompleteTail(byte[] bytes, int from, int to) {
    for (int n = 1; n <= 3 && to - n >= from; n++) {
      if ((bytes[to - n] & 0xC0) != 0x80) {
        return length(bytes[to - n]) > n && wellFormed(bytes, to - n, to) == n ? n : 0;
      }
    }
    return 0;
  }

  /** Whether bytes are well-formed UTF-8. */
  static boolean isValid(byte[] bytes, int from, int to) {
    for (int i = from; i < to; ) {
      if (bytes[i] >= 0) {
        i++;
        continue;
      }
      int length = length(bytes[i]);
      if (length == 0 || wellFormed(bytes, i, to) < length) {
        return false;
      }
      i += length;
    }
    return true;
  }

  /**
   * The text of bytes, with one U+FFFD for each longest beginning of a character that goes wrong,
   * as the Unicode standard recommends. (The JDK's decoder takes an encoded surrogate for one
   * fault, whole, and for two in parts; this way a stream gives the same text in any parts.)
   */
  static String toString(byte[] bytes, int from, int to) {
    if (isValid(bytes, from, to)) {
      return new String(bytes, from, to - from, StandardCharsets.UTF_8);
    }
    StringBuilder out = new StringBuilder(to - from);
    int good = from;
    for (int i = from; i < to; ) {
      int length = length(bytes[i]);
      int formed = length == 0 ? 1 : wellFormed(bytes, i, to);
      if (formed != length) {
        out.append(new String(bytes, good, i - good, StandardCharsets.UTF_8));
        out.append((char) REPLACEMENT);
        good = i + formed;
      }
      i += formed;
    }
    return out.append(new String(bytes, good, to - good, StandardCharsets.UTF_8)).toString();
  }

  /** Bytes of a character by its first byte; 0 where no character begins so. */
  private static int length(byte first) {
    int lead = first & 0xFF;
    if (lead < 0xE0) {
      return lead < 0x80 ? 1 : lead < 0xC2 ? 0 : 2;
    }
    return lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
  }

  /** How many bytes from here on belong to the character that a valid first byte begins. */
  private static int wellFormed(byte[] bytes, int from, int to) {
    int length = Math.min(length(bytes[from]), to - from);
    int n = 1;
    while (n < length && (bytes[from + n] & 0xC0) == 0x80) {
      if (n == 1 && !isSecond(bytes[from] & 0xFF, bytes[from + 1] & 0xFF)) {
        break;
      }
      n++;
    }
    return n;
  }

  /** Whether a second byte makes no overlong form, surrogate or number above U+10FFFF. */
  private static boolean isSecond(int lead, int second) {
    return switch (lead) {
      case 0xE0 -> second >= 0xA0;
      case 0xED -> second <= 0x9F;
      case 0xF0 -> second >= 0x90;
      case 0xF4 -> second <= 0x8F;
      default -> true;
    };
  }
}
