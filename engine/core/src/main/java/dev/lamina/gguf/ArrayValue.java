package dev.lamina.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.AbstractList;
import java.util.Objects;
import java.util.RandomAccess;

/**
 * A metadata array of numbers, booleans or strings that stays in the mapped file: an element is
 * decoded when it is asked for. Usable from any thread while the file is open.
 */
final class ArrayValue extends AbstractList<Object> implements RandomAccess {
  private final String source;
  private final String key;
  private final ValueType type;
  private final MemorySegment bytes;
  private final long offset;
  private final int size;

  /** Where each string begins; made when the first one is asked for. */
  private volatile long[] starts;

  /**
   * @param offset where the first element begins
   * @param size number of elements; the parser has checked that they lie within {@code bytes}
   */
  ArrayValue(
      String source, String key, ValueType type, MemorySegment bytes, long offset, int size) {
    this.source = source;
    this.key = key;
    this.type = type;
    this.bytes = bytes;
    this.offset = offset;
    this.size = size;
  }

  ValueType type() {
    return type;
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public Object get(int index) {
    return switch (type) {
      case U8, I8, U16, I16, U32, I32, I64 -> integer(index);
      case U64 -> Scalars.unsigned(integer(index));
      case F32 -> number(index);
      case F64 -> wideNumber(index);
      case BOOL -> bool(index);
      case STRING -> string(index);
      case ARRAY -> throw new IllegalStateException("nested arrays are lists of arrays");
    };
  }

  /** Element of an integer array; a u64 above {@code Long.MAX_VALUE} comes out negative. */
  long integer(int index) {
    try {
      return Scalars.integer(type, bytes, at(index));
    } catch (IllegalStateException | InternalError e) {
      throw unreadable(e);
    }
  }

  /** Element of an f32 array. */
  float number(int index) {
    try {
      return bytes.get(Cursor.FLOAT, at(index));
    } catch (IllegalStateException | InternalError e) {
      throw unreadable(e);
    }
  }

  private double wideNumber(int index) {
    try {
      return bytes.get(Cursor.DOUBLE, at(index));
    } catch (IllegalStateException | InternalError e) {
      throw unreadable(e);
    }
  }

  /** Copies an array of i32 as a whole; does nothing for other types. */
  boolean copyTo(int[] out) {
    if (type != ValueType.I32) {
      return false;
    }
    try {
      MemorySegment.copy(bytes, Cursor.INT, offset, out, 0, size);
    } catch (IllegalStateException | InternalError e) {
      throw unreadable(e);
    }
    return true;
  }

  /** Copies an array of f32 as a whole. */
  void copyTo(float[] out) {
    try {
      MemorySegment.copy(bytes, Cursor.FLOAT, offset, out, 0, out.length);
    } catch (IllegalStateException | InternalError e) {
      throw unreadable(e);
    }
  }

  boolean bool(int index) {
    byte value;
    try {
      value = bytes.get(ValueLayout.JAVA_BYTE, at(index));
    } catch (IllegalStateException | InternalError e) {
      throw unreadable(e);
    }
    if (value != 0 && value != 1) {
      throw fail(index, at(index), (value & 0xFF) + " is no bool, which is 0 or 1");
    }
    return value == 1;
  }

  String string(int index) {
    String text;
    long at;
    try {
      at = starts()[index];
      text = Utf8.decode(bytes, at + 8, bytes.get(Cursor.LONG, at));
    } catch (IllegalStateException | InternalError e) {
      throw unreadable(e);
    }
    if (text == null) {
      throw fail(index, at + 8, "is not valid UTF-8");
    }
    return text;
  }

  /** All strings of an array of strings. */
  ByteStrings byteStrings() {
    try {
      long[] begin = starts();
      long end = offset;
      if (size > 0) {
        long last = begin[size - 1];
        end = last + 8 + bytes.get(Cursor.LONG, last);
      }
      if (end - offset > Integer.MAX_VALUE - 16) {
        throw new GgufException(
            "%s: %s at offset %d: %d bytes of strings are too many"
                .formatted(source, GgufException.shown(key), offset, end - offset));
      }
      byte[] copy = new byte[(int) (end - offset)];
      MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, offset, copy, 0, copy.length);
      int[] from = new int[size];
      int[] to = new int[size];
      for (int i = 0; i < size; i++) {
        from[i] = (int) (begin[i] - offset) + 8;
        to[i] = (int) ((i + 1 < size ? begin[i + 1] : end) - offset);
      }
      return new ByteStrings(copy, from, to);
    } catch (IllegalStateException | InternalError e) {
      throw unreadable(e);
    }
  }

  private long[] starts() {
    long[] begin = starts;
    if (begin == null) {
      starts = begin = index();
    }
    return begin;
  }

  private long[] index() {
    long[] begin = new long[size];
    long at = offset;
    for (int i = 0; i < size; i++) {
      begin[i] = at;
      at += 8 + bytes.get(Cursor.LONG, at);
    }
    return begin;
  }

  private long at(int index) {
    return offset + (long) Objects.checkIndex(index, size) * type.bytes();
  }

  private GgufException fail(int index, long at, String problem) {
    return new GgufException(
        source
            + ": "
            + GgufException.shown(key)
            + "["
            + index
            + "] at offset "
            + at
            + ": "
            + problem);
  }

  private GgufException unreadable(Throwable e) {
    return e instanceof InternalError error
        ? GgufFile.vanished(source, error)
        : new GgufException(
            source + ": " + GgufException.shown(key) + ": the file has been closed", e);
  }
}
