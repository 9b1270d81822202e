package dev.lamina.gguf;

/** The types that a metadata value can have in a file ({@code enum gguf_type}), in id order. */
enum ValueType {
  U8(1),
  I8(1),
  U16(2),
  I16(2),
  U32(4),
  I32(4),
  F32(4),
  BOOL(1),
  STRING(0),
  ARRAY(0),
  U64(8),
  I64(8),
  F64(8);

  private static final ValueType[] BY_ID = values();

  private final int bytes;

  ValueType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of a value; 0 where they vary. */
  int bytes() {
    return bytes;
  }

  /** The fewest bytes that an element of an array can take: for a string its length alone. */
  int leastBytes() {
    return switch (this) {
      case STRING -> 8;
      case ARRAY -> 12;
      case U8, I8, U16, I16, U32, I32, F32, BOOL, U64, I64, F64 -> bytes;
    };
  }

  /** Whether this is an integer type all of whose values a {@code long} holds. */
  boolean isLong() {
    return switch (this) {
      case U8, I8, U16, I16, U32, I32, I64 -> true;
      case U64, F32, BOOL, STRING, ARRAY, F64 -> false;
    };
  }

  /** The number that stands for this type in a file. */
  int id() {
    return ordinal();
  }

  /** The type with this id, or null. */
  static ValueType byId(int id) {
    return id < 0 || id >= BY_ID.length ? null : BY_ID[id];
  }

  /** Name for messages, as the format's description writes it. */
  @Override
  public String toString() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }
}
