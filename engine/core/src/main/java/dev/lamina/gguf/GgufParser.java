package dev.lamina.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads the header of one GGUF file: magic, version, metadata and tensor table (the format is
 * described in ggml's {@code docs/gguf.md}). Nothing that the file says is believed before it has
 * been held against the file's size: memory and time are bounded by a small multiple of that.
 */
final class GgufParser {
  static final int MAGIC = 'G' | 'G' << 8 | 'U' << 16 | 'F' << 24;
  static final long DEFAULT_ALIGNMENT = 32;

  /** No device gains from more, and padding to it would be nonsense. */
  static final long MAX_ALIGNMENT = 1L << 24;

  static final int MAX_NAME = 65_535;
  static final int MAX_DEPTH = 8;
  static final int MAX_DIMENSIONS = 4;

  private static final int LEAST_KEY_VALUE = 8 + 4 + 1;
  private static final int LEAST_TENSOR = 8 + 4 + 4 + 8;

  /** Is told where the values stand. */
  @FunctionalInterface
  interface Watcher {
    /** The value of {@code key}, its type included, is the file's bytes from start up to end. */
    void value(String key, long start, long end);
  }

  private final Cursor in;
  private final String source;
  private final Map<String, Object> values = new LinkedHashMap<>();
  private final Watcher watcher;

  private GgufParser(MemorySegment bytes, String source, Watcher watcher) {
    this.in = new Cursor(bytes, source);
    this.source = source;
    this.watcher = watcher;
  }

  /**
   * @param part number that the tensors get as {@link TensorInfo#part()}
   */
  static GgufPart parse(MemorySegment bytes, String source, int part) {
    return parse(bytes, source, part, (key, start, end) -> {});
  }

  static GgufPart parse(MemorySegment bytes, String source, int part, Watcher watcher) {
    try {
      return new GgufParser(bytes, source, watcher).parse(part);
    } catch (InternalError e) {
      throw GgufFile.vanished(source, e);
    }
  }

  private GgufPart parse(int part) {
    FileKind.requireGguf(in.segment(), source);
    in.take(4);
    int version = readVersion();
    long tensorCount = readCount("the number of tensors", LEAST_TENSOR);
    long keyCount = readCount("the number of key-value pairs", LEAST_KEY_VALUE);
    for (long i = 0; i < keyCount; i++) {
      readKeyValue(i);
    }
    Metadata metadata = new MetadataMap(source, values);
    long alignment = alignment(metadata);
    List<TensorInfo> tensors = readTensors(tensorCount, part, alignment);
    long headerEnd = in.position();
    long dataStart = alignUp(headerEnd, alignment);
    List<TensorInfo> placed = new ArrayList<>(tensors.size());
    for (TensorInfo t : tensors) {
      placed.add(
          new TensorInfo(
              t.name(), t.type(), t.shape(), part, Math.addExact(dataStart, t.offset())));
    }
    new LayoutCheck(source, in.segment().byteSize(), dataStart, alignment).check(placed);
    return new GgufPart(
        source,
        version,
        metadata,
        Collections.unmodifiableList(placed),
        alignment,
        headerEnd,
        in.segment());
  }

  private int readVersion() {
    in.field("the version");
    int version = in.readInt();
    if (version != 0 && (version & 0xFFFF) == 0) {
      throw in.fail(
          4,
          "this is a big-endian file (version "
              + Integer.reverseBytes(version)
              + "), which Lamina does not read; use the little-endian file of this model");
    }
    if (version == 1) {
      throw in.fail(
          4, "version 1 is no longer in use and not read; use a newer file of this model");
    }
    if (version != 2 && version != 3) {
      throw in.fail(
          4,
          "version "
              + Integer.toUnsignedString(version)
              + " is not known, only 2 and 3 are; the file is damaged, or newer than this version"
              + " of Lamina");
    }
    return version;
  }

  /** A count, held against the bytes that so many entries would need at the very least. */
  private long readCount(String what, int leastBytes) {
    in.field(what);
    long at = in.position();
    long count = in.readLong();
    if (count < 0 || count > in.remaining() / leastBytes) {
      throw in.fail(
          at,
          Long.toUnsignedString(count)
              + " cannot be, as only "
              + in.remaining()
              + " bytes follow; the file is damaged or its download was interrupted");
    }
    return count;
  }

  private void readKeyValue(long index) {
    in.field("the metadata key", index);
    long at = in.position();
    String key = in.readString(MAX_NAME);
    if (key.isEmpty()) {
      throw in.fail(at, "is empty");
    }
    in.field("the metadata value of", key);
    long start = in.position();
    Object value = readValue(key, readValueType());
    watcher.value(key, start, in.position());
    if (values.putIfAbsent(key, value) != null) {
      throw in.field("the metadata key", key).fail(at, "is there twice");
    }
  }

  private ValueType readValueType() {
    long at = in.position();
    int id = in.readInt();
    ValueType type = ValueType.byId(id);
    if (type == null) {
      throw in.fail(
          at,
          "value type number "
              + Integer.toUnsignedString(id)
              + " is not known; the file is damaged, or newer than this version of Lamina");
    }
    return type;
  }

  private Object readValue(String key, ValueType type) {
    return switch (type) {
      case U8, I8, U16, I16, U32, I32, I64 ->
          Scalars.integer(type, in.segment(), in.take(type.bytes()));
      case U64 -> Scalars.unsigned(in.readLong());
      case F32 -> in.segment().get(Cursor.FLOAT, in.take(4));
      case F64 -> in.segment().get(Cursor.DOUBLE, in.take(8));
      case BOOL -> readBool();
      case STRING -> readStringValue();
      case ARRAY -> readArray(key, 1);
    };
  }

  private Object readBool() {
    long at = in.take(1);
    byte value = in.segment().get(ValueLayout.JAVA_BYTE, at);
    return switch (value) {
      case 0 -> false;
      case 1 -> true;
      default -> throw in.fail(at, (value & 0xFF) + " is no bool, which is 0 or 1");
    };
  }

  /** A text that is not valid UTF-8 spoils nothing but itself: the failure waits for who asks. */
  private Object readStringValue() {
    long at = in.position();
    long length = in.skipString();
    String text = Utf8.decode(in.segment(), at + 8, length);
    return text != null
        ? text
        : new MetadataMap.Broken(in.fail(at + 8, "is not valid UTF-8").getMessage());
  }

  private List<Object> readArray(String key, int depth) {
    if (depth > MAX_DEPTH) {
      throw in.fail(in.position(), "arrays are nested more than " + MAX_DEPTH + " deep");
    }
    ValueType type = readValueType();
    long at = in.position();
    long count = in.readLong();
    if (count < 0 || count > in.remaining() / type.leastBytes() || count > Integer.MAX_VALUE - 8) {
      throw in.fail(
          at,
          "an array of "
              + Long.toUnsignedString(count)
              + " elements of type "
              + type
              + " does not fit into the "
              + in.remaining()
              + " bytes that follow; the file is damaged or its download was interrupted");
    }
    long first = in.position();
    switch (type) {
      case U8, I8, U16, I16, U32, I32, F32, BOOL, U64, I64, F64 -> in.take(count * type.bytes());
      case STRING -> {
        for (long i = 0; i < count; i++) {
          in.skipString();
        }
      }
      case ARRAY -> {
        List<Object> inner = new ArrayList<>();
        for (long i = 0; i < count; i++) {
          inner.add(readArray(key, depth + 1));
        }
        return Collections.unmodifiableList(inner);
      }
    }
    return new ArrayValue(source, key, type, in.segment(), first, (int) count);
  }

  /** The alignment of tensor data: a power of two or, as the format asks, a multiple of 8. */
  private long alignment(Metadata metadata) {
    Object value = metadata.raw("general.alignment").orElse(DEFAULT_ALIGNMENT);
    if (value instanceof Long a
        && a > 0
        && a <= MAX_ALIGNMENT
        && (a % 8 == 0 || Long.bitCount(a) == 1)) {
      return a;
    }
    throw new GgufException(
        source
            + ": general.alignment is "
            + (value instanceof Number ? value : "no number")
            + "; it must be a multiple of 8 or a power of two, and at most "
            + MAX_ALIGNMENT);
  }

  private List<TensorInfo> readTensors(long count, int part, long alignment) {
    List<TensorInfo> tensors = new ArrayList<>();
    Map<String, TensorInfo> byName = new HashMap<>();
    for (long i = 0; i < count; i++) {
      long at = in.field("the name of tensor", i).position();
      TensorInfo tensor = readTensor(part, alignment);
      if (byName.putIfAbsent(tensor.name(), tensor) != null) {
        throw in.fail(at, "is there twice");
      }
      tensors.add(tensor);
    }
    return tensors;
  }

  private TensorInfo readTensor(int part, long alignment) {
    long at = in.position();
    String name = in.readString(MAX_NAME);
    if (name.isEmpty()) {
      throw in.fail(at, "is empty");
    }
    in.field("the tensor", name);
    at = in.position();
    int dimensions = in.readInt();
    if (dimensions < 0 || dimensions > MAX_DIMENSIONS) {
      throw in.fail(
          at,
          Integer.toUnsignedString(dimensions)
              + " dimensions; a tensor has at most "
              + MAX_DIMENSIONS);
    }
    long shapeAt = in.position();
    // A scalar is written with no dimension at all.
    long[] shape = dimensions == 0 ? new long[] {1} : new long[dimensions];
    for (int i = 0; i < dimensions; i++) {
      at = in.position();
      shape[i] = in.readLong();
      if (shape[i] < 0) {
        throw in.fail(at, "dimension " + i + " is " + Long.toUnsignedString(shape[i]));
      }
    }
    long typeAt = in.position();
    int id = in.readInt();
    GgmlType type = GgmlType.byId(id).orElse(null);
    if (type == null) {
      throw in.fail(typeAt, UnreadTypes.explain(id));
    }
    if (shape[0] % type.blockSize() != 0) {
      throw in.fail(
          shapeAt,
          "rows of "
              + shape[0]
              + " values are no whole number of "
              + type
              + " blocks of "
              + type.blockSize());
    }
    at = in.position();
    long offset = in.readLong();
    TensorInfo tensor = new TensorInfo(name, type, shape, part, offset);
    try {
      tensor.bytes();
    } catch (ArithmeticException e) {
      throw in.fail(
          shapeAt, "the dimensions " + java.util.Arrays.toString(shape) + " are too large");
    }
    if (offset < 0 || offset > Long.MAX_VALUE / 4) {
      throw in.fail(at, "a data offset of " + Long.toUnsignedString(offset) + " makes no sense");
    }
    if (offset % alignment != 0) {
      throw in.fail(
          at, "the data offset " + offset + " is no multiple of the alignment " + alignment);
    }
    return tensor;
  }

  static long alignUp(long offset, long alignment) {
    long over = offset % alignment;
    return over == 0 ? offset : offset + alignment - over;
  }
}
