package dev.lamina.gguf;

import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** A growing buffer to which a header is written, little-endian. */
final class HeaderBuffer {
  private byte[] bytes = new byte[1024];
  private int size;

  int size() {
    return size;
  }

  MemorySegment written() {
    return MemorySegment.ofArray(bytes).asSlice(0, size);
  }

  byte[] toByteArray() {
    return Arrays.copyOf(bytes, size);
  }

  HeaderBuffer putByte(int value) {
    int at = reserve(1);
    bytes[at] = (byte) value;
    return this;
  }

  HeaderBuffer putShort(int value) {
    return putByte(value).putByte(value >> 8);
  }

  HeaderBuffer putInt(int value) {
    int at = reserve(4);
    for (int i = 0; i < 4; i++) {
      bytes[at + i] = (byte) (value >> 8 * i);
    }
    return this;
  }

  HeaderBuffer putLong(long value) {
    return putInt((int) value).putInt((int) (value >> 32));
  }

  HeaderBuffer putBytes(byte[] value) {
    int at = reserve(value.length);
    System.arraycopy(value, 0, bytes, at, value.length);
    return this;
  }

  /** Length in 8 bytes, then UTF-8. */
  HeaderBuffer putString(String value) {
    byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
    return putLong(utf8.length).putBytes(utf8);
  }

  /**
   * A value without its type.
   *
   * @param value a {@code Number} for the number types, {@code Boolean} or {@code String}
   */
  HeaderBuffer putValue(ValueType type, Object value) {
    return switch (type) {
      case U8, I8 -> putByte(integer(type, value, 8).intValue());
      case U16, I16 -> putShort(integer(type, value, 16).intValue());
      case U32, I32 -> putInt(integer(type, value, 32).intValue());
      case U64, I64 -> putLong(integer(type, value, 64).longValue());
      case F32 -> putInt(Float.floatToRawIntBits(((Number) value).floatValue()));
      case F64 -> putLong(Double.doubleToRawLongBits(((Number) value).doubleValue()));
      case BOOL -> putByte((Boolean) value ? 1 : 0);
      case STRING -> putString((String) value);
      case ARRAY -> throw new IllegalArgumentException("arrays are written with their type");
    };
  }

  /** An array: element type, length, elements. */
  HeaderBuffer putArray(ValueType type, List<?> values) {
    putInt(type.id()).putLong(values.size());
    for (Object value : values) {
      putValue(type, value);
    }
    return this;
  }

  private static BigInteger integer(ValueType type, Object value, int bits) {
    BigInteger number =
        value instanceof BigInteger big ? big : BigInteger.valueOf(((Number) value).longValue());
    boolean signed =
        switch (type) {
          case I8, I16, I32, I64 -> true;
          case U8, U16, U32, U64, F32, BOOL, STRING, ARRAY, F64 -> false;
        };
    if (signed ? number.bitLength() > bits - 1 : number.signum() < 0 || number.bitLength() > bits) {
      throw new IllegalArgumentException(value + " does not fit into " + type);
    }
    return number;
  }

  private int reserve(int n) {
    if (n > bytes.length - size) {
      int least = Math.addExact(size, n);
      bytes = Arrays.copyOf(bytes, (int) Math.min(Integer.MAX_VALUE - 8L, 2L * least));
    }
    int at = size;
    size += n;
    return at;
  }
}
