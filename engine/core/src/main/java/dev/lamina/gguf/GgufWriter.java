package dev.lamina.gguf;

import dev.lamina.LaminaException;
import dev.lamina.NewFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Writes a GGUF file of version 3: first the metadata and the tensors' names, types and shapes,
 * then the tensors' data, piece by piece, then {@link #finish}. The file appears under its name
 * only then, whole; a writer that is closed before leaves nothing behind. Not for use by several
 * threads at once.
 */
public final class GgufWriter implements AutoCloseable {
  private static final int ZEROS = 1 << 16;

  private final Path target;
  private final NewFile file;
  private final Map<String, byte[]> values = new LinkedHashMap<>();
  private final LinkedHashMap<String, Entry> tensors = new LinkedHashMap<>();
  private long alignment = GgufParser.DEFAULT_ALIGNMENT;
  private long dataStart = -1;

  /** A declared tensor; its offset counts from the data section's start. */
  private static final class Entry {
    final TensorInfo info;
    final long bytes;
    long written;

    Entry(TensorInfo info) {
      this.info = info;
      this.bytes = info.bytes();
    }
  }

  private GgufWriter(Path target, NewFile file) {
    this.target = target;
    this.file = file;
  }

  /**
   * Begins a file.
   *
   * @throws LaminaException where the file cannot be created
   */
  public static GgufWriter create(Path target) {
    return new GgufWriter(target, NewFile.create(target));
  }

  /** Alignment of the tensors' data: a power of two; 32 unless told. */
  public GgufWriter alignment(int bytes) {
    if (bytes <= 0 || bytes > GgufParser.MAX_ALIGNMENT || Integer.bitCount(bytes) != 1) {
      throw new IllegalArgumentException("alignment " + bytes);
    }
    if (!tensors.isEmpty()) {
      throw new IllegalStateException("the alignment must be set before the first tensor");
    }
    alignment = bytes;
    return put("general.alignment", bytes);
  }

  /**
   * Adds a key with the type that llama.cpp expects for such a value: {@code Integer} as u32 (i32
   * where negative), {@code Long} as u64 (i64), {@code BigInteger} as u64, {@code Float} as f32,
   * {@code Double} as f64, {@code Boolean}, {@code String}; {@code int[]} as i32s, {@code long[]}
   * as i64s, {@code float[]} as f32s, {@code double[]} as f64s, {@code boolean[]}, {@code
   * String[]}, and a {@code List} of {@code String}.
   */
  public GgufWriter put(String key, Object value) {
    return switch (value) {
      case Integer v -> put(key, v < 0 ? ValueType.I32 : ValueType.U32, v);
      case Long v -> put(key, v < 0 ? ValueType.I64 : ValueType.U64, v);
      case BigInteger v -> put(key, ValueType.U64, v);
      case Float v -> put(key, ValueType.F32, v);
      case Double v -> put(key, ValueType.F64, v);
      case Boolean v -> put(key, ValueType.BOOL, v);
      case String v -> put(key, ValueType.STRING, v);
      case int[] v -> putArray(key, ValueType.I32, Arrays.stream(v).boxed().toList());
      case long[] v -> putArray(key, ValueType.I64, Arrays.stream(v).boxed().toList());
      case double[] v -> putArray(key, ValueType.F64, Arrays.stream(v).boxed().toList());
      case float[] v -> putArray(key, ValueType.F32, MetadataMap.boxed(v));
      case boolean[] v -> putArray(key, ValueType.BOOL, MetadataMap.boxed(v));
      case String[] v -> putArray(key, ValueType.STRING, List.of(v));
      case List<?> v -> putArray(key, ValueType.STRING, v);
      case null, default ->
          throw new IllegalArgumentException(key + " has a value of no known type");
    };
  }

  /**
   * Makes the file one part of a model that is split over several, by the keys that llama.cpp gives
   * each part.
   *
   * @param index from 0
   * @param tensors of all parts together
   */
  public GgufWriter part(int index, int count, int tensors) {
    put("split.no", ValueType.U16, index);
    put("split.count", ValueType.U16, count);
    return put("split.tensors.count", ValueType.I32, tensors);
  }

  /** Adds a scalar with an explicit type. */
  GgufWriter put(String key, ValueType type, Object value) {
    return putRaw(key, new HeaderBuffer().putInt(type.id()).putValue(type, value).toByteArray());
  }

  /** Adds an array with an explicit element type. */
  GgufWriter putArray(String key, ValueType type, List<?> elements) {
    HeaderBuffer value = new HeaderBuffer().putInt(ValueType.ARRAY.id());
    return putRaw(key, value.putArray(type, elements).toByteArray());
  }

  /**
   * Copies key-value pairs of another file as they stand, types included. {@code general.alignment}
   * and the {@code split.} keys are left out: they speak of how that file is stored.
   */
  public GgufWriter copyMetadata(GgufFile from, Predicate<String> keys) {
    from.forEachRawValue(
        (key, value) -> {
          if (!key.equals("general.alignment") && !key.startsWith("split.") && keys.test(key)) {
            putRaw(key, value.toArray(ValueLayout.JAVA_BYTE));
          }
        });
    return this;
  }

  private GgufWriter putRaw(String key, byte[] typeAndValue) {
    requireDeclaring();
    if (key.isEmpty() || values.putIfAbsent(key, typeAndValue) != null) {
      throw new IllegalArgumentException("the key '" + key + "' is empty or there already");
    }
    return this;
  }

  /**
   * Declares a tensor; its data lie in the file in the order of these calls.
   *
   * @param shape the contiguous dimension first, 1 to 4 of them
   */
  public GgufWriter tensor(String name, GgmlType type, long... shape) {
    requireDeclaring();
    if (name.isEmpty() || shape.length < 1 || shape.length > GgufParser.MAX_DIMENSIONS) {
      throw new IllegalArgumentException("tensor '" + name + "' of " + Arrays.toString(shape));
    }
    for (long d : shape) {
      if (d < 0) {
        throw new IllegalArgumentException("tensor '" + name + "' of " + Arrays.toString(shape));
      }
    }
    Entry entry = new Entry(new TensorInfo(name, type, shape.clone(), 0, dataBytes()));
    if (tensors.putIfAbsent(name, entry) != null) {
      throw new IllegalArgumentException("the tensor " + name + " is there already");
    }
    return this;
  }

  /** Bytes of the whole file as declared so far. */
  public long fileBytes() {
    return (dataStart >= 0 ? dataStart : GgufParser.alignUp(header().size(), alignment))
        + dataBytes();
  }

  /**
   * Appends to a tensor's data. The first call ends the declarations.
   *
   * @throws LaminaException where writing fails
   */
  public GgufWriter append(String tensor, MemorySegment bytes) {
    Entry entry = tensors.get(tensor);
    if (entry == null) {
      throw new IllegalArgumentException("the tensor " + tensor + " has not been declared");
    }
    if (bytes.byteSize() > entry.bytes - entry.written) {
      throw new IllegalArgumentException(
          "the tensor " + tensor + " has only " + entry.bytes + " bytes");
    }
    begin();
    write(dataStart + entry.info.offset() + entry.written, bytes);
    entry.written += bytes.byteSize();
    return this;
  }

  /**
   * Brings everything to the drive, so that what is left for {@link #finish} is the name.
   *
   * @throws LaminaException where writing fails
   * @throws IllegalStateException where a tensor lacks data
   */
  void complete() {
    begin();
    for (Entry entry : tensors.values()) {
      if (entry.written != entry.bytes) {
        throw new IllegalStateException(
            "the tensor "
                + entry.info.name()
                + " lacks data: "
                + entry.written
                + " of "
                + entry.bytes
                + " bytes");
      }
    }
    try {
      pad(dataStart + dataBytes());
      file.channel().force(true);
    } catch (IOException e) {
      throw file.failure(e);
    }
  }

  /**
   * Ends the file and gives it its name, in one step that replaces a file of that name.
   *
   * @throws LaminaException where writing fails
   * @throws IllegalStateException where a tensor lacks data
   */
  public void finish() {
    complete();
    file.finish();
  }

  /** Drops what has been written unless {@link #finish} was called. */
  @Override
  public void close() {
    file.close();
  }

  private void requireDeclaring() {
    if (dataStart >= 0) {
      throw new IllegalStateException("metadata and tensors must be declared before data");
    }
  }

  private void begin() {
    if (!file.isOpen()) {
      throw new IllegalStateException(target + ": the writer has been closed");
    }
    if (dataStart < 0) {
      HeaderBuffer header = header();
      write(0, header.written());
      dataStart = GgufParser.alignUp(header.size(), alignment);
    }
  }

  private HeaderBuffer header() {
    HeaderBuffer out = new HeaderBuffer();
    out.putInt(GgufParser.MAGIC).putInt(3).putLong(tensors.size()).putLong(values.size());
    values.forEach((key, value) -> out.putString(key).putBytes(value));
    for (Entry entry : tensors.values()) {
      TensorInfo t = entry.info;
      out.putString(t.name()).putInt(t.shape().length);
      for (long d : t.shape()) {
        out.putLong(d);
      }
      out.putInt(t.type().id()).putLong(t.offset());
    }
    return out;
  }

  /** Bytes of the data section, the last tensor's padding included. */
  private long dataBytes() {
    Entry last = tensors.isEmpty() ? null : tensors.lastEntry().getValue();
    return last == null ? 0 : GgufParser.alignUp(last.info.offset() + last.bytes, alignment);
  }

  private void write(long position, MemorySegment bytes) {
    try {
      for (long done = 0; done < bytes.byteSize(); ) {
        long chunk = Math.min(1 << 24, bytes.byteSize() - done);
        ByteBuffer buffer = bytes.asSlice(done, chunk).asByteBuffer();
        while (buffer.hasRemaining()) {
          done += file.channel().write(buffer, position + done);
        }
      }
    } catch (IOException e) {
      throw file.failure(e);
    }
  }

  /** Gaps between tensors read as zeros by themselves; only the end must be written. */
  private void pad(long end) throws IOException {
    long size = file.channel().size();
    while (size < end) {
      size += file.channel().write(ByteBuffer.allocate((int) Math.min(ZEROS, end - size)), size);
    }
  }
}
