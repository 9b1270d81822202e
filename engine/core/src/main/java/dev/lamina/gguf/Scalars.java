package dev.lamina.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;

/** Single metadata values: decoding, and the one Java type that stands for each kind. */
final class Scalars {
  private static final BigInteger TWO_64 = BigInteger.ONE.shiftLeft(64);

  private Scalars() {}

  /** An integer of any width; u64 above {@code Long.MAX_VALUE} comes out negative. */
  static long integer(ValueType type, MemorySegment bytes, long at) {
    return switch (type) {
      case U8 -> bytes.get(ValueLayout.JAVA_BYTE, at) & 0xFFL;
      case I8 -> bytes.get(ValueLayout.JAVA_BYTE, at);
      case U16 -> bytes.get(Cursor.SHORT, at) & 0xFFFFL;
      case I16 -> bytes.get(Cursor.SHORT, at);
      case U32 -> bytes.get(Cursor.INT, at) & 0xFFFFFFFFL;
      case I32 -> bytes.get(Cursor.INT, at);
      case U64, I64 -> bytes.get(Cursor.LONG, at);
      case F32, F64, BOOL, STRING, ARRAY ->
          throw new IllegalArgumentException(type + " is no integer type");
    };
  }

  /** The value of a u64: {@code Long} where it fits. */
  static Number unsigned(long bits) {
    if (bits >= 0) {
      return bits;
    }
    return BigInteger.valueOf(bits).add(TWO_64);
  }

  /**
   * A value as {@link Metadata#raw} gives it: integers as {@code Long}, or {@code BigInteger} where
   * they are too large. Null for what no metadata value can be.
   */
  static Object normalize(Object value) {
    return switch (value) {
      case Byte v -> (long) v;
      case Short v -> (long) v;
      case Integer v -> (long) v;
      case Long v -> v;
      case BigInteger v when v.signum() >= 0 && v.bitLength() <= 64 ->
          v.bitLength() < 64 ? (Object) v.longValue() : v;
      case Float v -> v;
      case Double v -> v;
      case Boolean v -> v;
      case String v -> v;
      case null, default -> null;
    };
  }
}
