package dev.lamina.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Strict UTF-8. */
final class Utf8 {
  private Utf8() {}

  /**
   * The text in {@code length} bytes from {@code offset} on, or null where they are no valid UTF-8
   * or too many for a string.
   */
  static String decode(MemorySegment bytes, long offset, long length) {
    if (length > Integer.MAX_VALUE - 16) {
      return null;
    }
    byte[] copy = new byte[(int) length];
    MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, offset, copy, 0, copy.length);
    String text = new String(copy, StandardCharsets.UTF_8);
    // The constructor is the fast way, and puts U+FFFD for what is malformed. Only where one is
    // found does the slow, strict decoder tell a real U+FFFD from a replacement.
    return text.indexOf('\uFFFD') < 0 || isValid(copy) ? text : null;
  }

  private static boolean isValid(byte[] bytes) {
    try {
      StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
      return true;
    } catch (CharacterCodingException e) {
      return false;
    }
  }
}
