package dev.lamina.quantize;

import dev.lamina.FileProblem;
import dev.lamina.LaminaException;
import dev.lamina.gguf.Dequantizer;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.GgufFile;
import dev.lamina.gguf.GgufWriter;
import dev.lamina.gguf.TensorInfo;
import dev.lamina.quantize.ImportanceMatrix.Entry;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Files of importance matrices: llama.cpp's GGUF form, whose tensors {@code NAME.in_sum2} and
 * {@code NAME.counts} hold sums and counts, read and written; and the older {@code .dat} form,
 * read.
 */
public final class ImportanceFile {
  private static final int MAGIC = 0x46554747;
  private static final String SUMS = ".in_sum2";
  private static final String COUNTS = ".counts";

  /** The older form does not say how many tokens a window had; llama.cpp's default. */
  private static final int DAT_CHUNK = 512;

  private ImportanceFile() {}

  /**
   * Reads a file of either form.
   *
   * @throws LaminaException where it cannot be read or is damaged
   */
  public static ImportanceMatrix read(Path file) {
    byte[] head;
    try (var in = Files.newInputStream(file)) {
      head = in.readNBytes(4);
    } catch (IOException e) {
      throw new LaminaException(FileProblem.reading(file, e), e);
    }
    boolean gguf =
        head.length == 4 && ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN).getInt() == MAGIC;
    ImportanceMatrix matrix = gguf ? readGguf(file) : readDat(file);
    for (Map.Entry<String, Entry> entry : matrix.entries().entrySet()) {
      for (float sum : entry.getValue().sums()) {
        if (!(sum >= 0 && sum < Float.POSITIVE_INFINITY)) {
          throw new LaminaException(
              file
                  + ": the importance of "
                  + entry.getKey()
                  + " has the value "
                  + sum
                  + ", which no sum of squares has; make the matrix again");
        }
      }
    }
    return matrix;
  }

  private static ImportanceMatrix readGguf(Path path) {
    try (GgufFile file = GgufFile.open(path)) {
      SortedMap<String, Entry> entries = new TreeMap<>();
      for (TensorInfo sums : file.tensors()) {
        if (sums.name().endsWith(SUMS)) {
          String name = sums.name().substring(0, sums.name().length() - SUMS.length());
          Optional<TensorInfo> counts = file.tensor(name + COUNTS);
          if (counts.isEmpty()
              || counts.get().elements() == 0
              || sums.elements() % counts.get().elements() != 0) {
            throw new LaminaException(
                path + ": the sums and the counts of " + name + " do not belong together");
          }
          float[] numbers = floats(file, counts.get());
          long[] whole = new long[numbers.length];
          for (int i = 0; i < whole.length; i++) {
            whole[i] = Math.max(0, Math.round((double) numbers[i]));
          }
          entries.put(name, new Entry(floats(file, sums), whole));
        }
      }
      if (entries.isEmpty()) {
        throw new LaminaException(
            path + ": this is no importance matrix: it has no tensors NAME" + SUMS);
      }
      return new ImportanceMatrix(
          entries,
          file.metadata().strings("imatrix.datasets"),
          file.metadata().integer("imatrix.chunk_count", 0),
          file.metadata().integer("imatrix.chunk_size", 0));
    }
  }

  private static float[] floats(GgufFile file, TensorInfo tensor) {
    if (tensor.type() != GgmlType.F32 || tensor.elements() > Integer.MAX_VALUE - 8) {
      throw new LaminaException(
          file.source() + ": " + tensor.name() + " is no array of F32; make the matrix again");
    }
    float[] values = new float[(int) tensor.elements()];
    Dequantizer.decode(GgmlType.F32, file.data(tensor), 0, values, 0, values.length);
    return values;
  }

  /**
   * {@code i32 n, {i32 length, name, i32 windows, i32 values, f32 [values]} [n], i32 windows, i32
   * length, name of the text}; a value is a mean of squares times the number of windows.
   */
  private static ImportanceMatrix readDat(Path path) {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      if (channel.size() > Integer.MAX_VALUE) {
        throw damaged(path, null);
      }
      ByteBuffer in =
          channel
              .map(FileChannel.MapMode.READ_ONLY, 0, channel.size())
              .order(ByteOrder.LITTLE_ENDIAN);
      SortedMap<String, Entry> entries = new TreeMap<>();
      int count = in.getInt();
      if (count < 1) {
        throw damaged(path, null);
      }
      for (int i = 0; i < count; i++) {
        String name = text(in);
        long windows = Math.max(1, in.getInt());
        int values = in.getInt();
        if (values < 1 || values > in.remaining() / 4) {
          throw damaged(path, null);
        }
        float[] sums = new float[values];
        for (int j = 0; j < values; j++) {
          sums[j] = in.getFloat() * DAT_CHUNK;
        }
        entries.put(name, new Entry(sums, new long[] {windows * DAT_CHUNK}));
      }
      int chunks = in.remaining() >= 4 ? Math.max(0, in.getInt()) : 0;
      List<String> datasets = in.remaining() >= 4 ? List.of(text(in)) : List.of();
      return new ImportanceMatrix(entries, datasets, chunks, DAT_CHUNK);
    } catch (BufferUnderflowException e) {
      throw damaged(path, e);
    } catch (IOException e) {
      throw new LaminaException(FileProblem.reading(path, e), e);
    }
  }

  private static String text(ByteBuffer in) {
    int length = in.getInt();
    if (length < 0 || length > in.remaining()) {
      throw new BufferUnderflowException();
    }
    byte[] bytes = new byte[length];
    in.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static LaminaException damaged(Path path, Throwable cause) {
    return new LaminaException(
        path + ": this is no importance matrix, or it is damaged; make it again", cause);
  }

  /**
   * Writes the GGUF form.
   *
   * @throws LaminaException where writing fails; nothing is left then
   */
  public static void write(ImportanceMatrix matrix, Path file) {
    try (GgufWriter writer = GgufWriter.create(file)) {
      writer.put("general.type", "imatrix");
      writer.put("imatrix.datasets", new ArrayList<>(matrix.datasets()));
      writer.put("imatrix.chunk_count", matrix.chunks());
      writer.put("imatrix.chunk_size", matrix.chunkSize());
      matrix
          .entries()
          .forEach(
              (name, entry) -> {
                int matrices = entry.counts().length;
                long columns = entry.sums().length / matrices;
                writer.tensor(name + SUMS, GgmlType.F32, shape(columns, matrices));
                writer.tensor(name + COUNTS, GgmlType.F32, shape(1, matrices));
              });
      matrix
          .entries()
          .forEach(
              (name, entry) -> {
                float[] counts = new float[entry.counts().length];
                for (int i = 0; i < counts.length; i++) {
                  counts[i] = entry.counts()[i];
                }
                writer.append(name + SUMS, bytes(entry.sums()));
                writer.append(name + COUNTS, bytes(counts));
              });
      writer.finish();
    }
  }

  private static long[] shape(long columns, long matrices) {
    return matrices == 1 ? new long[] {columns} : new long[] {columns, matrices};
  }

  private static MemorySegment bytes(float[] values) {
    byte[] bytes = new byte[Math.multiplyExact(4, values.length)];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(values);
    return MemorySegment.ofArray(bytes);
  }
}
