package dev.lamina.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.AbstractList;
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

  /** Where each string begins; made when the first one is asked for. Racing threads make equals. */
  private long[] starts;

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
      case F64 -> bytes.get(Cursor.DOUBLE, at(index));
      case BOOL -> bool(index);
      case STRING -> string(index);
      case ARRAY -> throw new IllegalStateException("nested arrays are lists of arrays");
    };
  }

  /** Element of an integer array; a u64 above {@code Long.MAX_VALUE} comes out negative. */
  long integer(int index) {
    return Scalars.integer(type, bytes, at(index));
  }

  /** Element of an f32 array. */
  float number(int index) {
    return bytes.get(Cursor.FLOAT, at(index));
  }

  boolean bool(int index) {
    long at = at(index);
    byte value = bytes.get(ValueLayout.JAVA_BYTE, at);
    if (value != 0 && value != 1) {
      throw new GgufException(
          source + ": " + key + "[" + index + "] at offset " + at + ": no bool: " + value);
    }
    return value == 1;
  }

  String string(int index) {
    checkOpen();
    long[] begin = starts;
    if (begin == null) {
      starts = begin = index();
    }
    long at = begin[index];
    String text = Utf8.decode(bytes, at + 8, bytes.get(Cursor.LONG, at));
    if (text == null) {
      throw new GgufException(
          source + ": " + key + "[" + index + "] at offset " + (at + 8) + ": is not valid UTF-8");
    }
    return text;
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
    java.util.Objects.checkIndex(index, size);
    checkOpen();
    return offset + (long) index * type.bytes();
  }

  private void checkOpen() {
    if (!bytes.scope().isAlive()) {
      throw new GgufException(source + ": " + key + ": the file has been closed");
    }
  }
}
