package dev.lamina.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Reads a file's header from front to back, little-endian, never past its end. It knows which field
 * is being read, so that every failure names file, field and offset.
 */
final class Cursor {
  static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final MemorySegment bytes;
  private final String source;
  private final long size;
  private long position;
  private String field = "header";
  private String name;
  private long number = -1;

  Cursor(MemorySegment bytes, String source) {
    this.bytes = bytes;
    this.source = source;
    this.size = bytes.byteSize();
  }

  MemorySegment segment() {
    return bytes;
  }

  String source() {
    return source;
  }

  long position() {
    return position;
  }

  long remaining() {
    return size - position;
  }

  /** Names the field that is read from now on, for messages. */
  Cursor field(String what) {
    return field(what, null, -1);
  }

  /** A field of something that the file gives a name. */
  Cursor field(String what, String of) {
    return field(what, of, -1);
  }

  /** A field of something that has no name yet. */
  Cursor field(String what, long index) {
    return field(what, null, index);
  }

  /**
   * Kept apart, as putting them together for each of a million entries would cost more than reading
   * them.
   */
  private Cursor field(String what, String of, long index) {
    field = what;
    name = of;
    number = index;
    return this;
  }

  private String described() {
    return name != null
        ? field + " " + GgufException.shown(name)
        : number >= 0 ? field + " number " + number : field;
  }

  int readInt() {
    return bytes.get(INT, take(4));
  }

  long readLong() {
    return bytes.get(LONG, take(8));
  }

  /** Moves on by {@code n} bytes and returns the offset of the first. */
  long take(long n) {
    if (n < 0 || n > size - position) {
      throw cut(Long.toUnsignedString(n) + (n == 1 ? " byte" : " bytes"));
    }
    long at = position;
    position += n;
    return at;
  }

  /** A string: its length in 8 bytes, then that many bytes of UTF-8, at most {@code longest}. */
  String readString(long longest) {
    long at = position;
    long length = skipString();
    if (length > longest) {
      throw fail(at, "a length of " + length + " bytes; at most " + longest + " make sense here");
    }
    String text = Utf8.decode(bytes, at + 8, length);
    if (text == null) {
      throw fail(at + 8, "is not valid UTF-8");
    }
    return text;
  }

  /** Moves past a string and returns its length in bytes. */
  long skipString() {
    long at = position;
    long length = readLong();
    if (length < 0 || length > size - position) {
      throw fail(
          at,
          "a string of "
              + Long.toUnsignedString(length)
              + " bytes does not fit into the "
              + (size - position)
              + " bytes that follow; the file is damaged or its download was interrupted");
    }
    position += length;
    return length;
  }

  GgufException fail(long offset, String problem) {
    return new GgufException(source + ": " + described() + " at offset " + offset + ": " + problem);
  }

  private GgufException cut(String wanted) {
    return new GgufException(
        source
            + ": the file ends after "
            + size
            + " bytes, within "
            + described()
            + ", which needs "
            + wanted
            + " at offset "
            + position
            + "; this looks like an interrupted download, so download it again");
  }
}
