package dev.lamina.gguf;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Builds the bytes of a GGUF file field by field, whatever nonsense the fields hold, and remembers
 * where each number stands.
 */
final class RawGguf {
  /** A number in the file. */
  record Field(int offset, int bytes) {}

  private final HeaderBuffer out = new HeaderBuffer();
  private final List<Field> fields = new ArrayList<>();

  /** Magic and version, then the counts. */
  static RawGguf file(int version, long tensors, long keys) {
    RawGguf raw = new RawGguf();
    raw.out.putInt(GgufParser.MAGIC);
    return raw.u32(version).u64(tensors).u64(keys);
  }

  RawGguf u8(int value) {
    fields.add(new Field(out.size(), 1));
    out.putByte(value);
    return this;
  }

  RawGguf u32(long value) {
    fields.add(new Field(out.size(), 4));
    out.putInt((int) value);
    return this;
  }

  RawGguf u64(long value) {
    fields.add(new Field(out.size(), 8));
    out.putLong(value);
    return this;
  }

  RawGguf bytes(byte... value) {
    out.putBytes(value);
    return this;
  }

  RawGguf string(String value) {
    byte[] utf8 = value.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    return u64(utf8.length).bytes(utf8);
  }

  /** A key and the type of its value; the value must follow. */
  RawGguf key(String key, ValueType type) {
    return string(key).u32(type.id());
  }

  RawGguf value(ValueType type, Object value) {
    if (type == ValueType.STRING) {
      return string((String) value);
    }
    fields.add(new Field(out.size(), type.bytes()));
    out.putValue(type, value);
    return this;
  }

  RawGguf pair(String key, ValueType type, Object value) {
    return key(key, type).value(type, value);
  }

  /** A key and an array. */
  RawGguf array(String key, ValueType type, Object... values) {
    key(key, ValueType.ARRAY).u32(type.id()).u64(values.length);
    for (Object value : values) {
      value(type, value);
    }
    return this;
  }

  /** An entry of the tensor table. */
  RawGguf tensor(String name, long type, long offset, long... shape) {
    string(name).u32(shape.length);
    for (long d : shape) {
      u64(d);
    }
    return u32(type).u64(offset);
  }

  /** Zeros up to the next multiple of {@code alignment}, then this many bytes. */
  RawGguf data(int alignment, int bytes) {
    int end = (int) GgufParser.alignUp(out.size(), alignment) + bytes;
    while (out.size() < end) {
      out.putByte(out.size() * 31);
    }
    return this;
  }

  List<Field> fields() {
    return fields;
  }

  byte[] toByteArray() {
    return out.toByteArray();
  }

  /** Opens the file under the name {@code crafted.gguf}. */
  GgufFile open() {
    return GgufFile.parse(MemorySegment.ofArray(toByteArray()), "crafted.gguf");
  }
}
