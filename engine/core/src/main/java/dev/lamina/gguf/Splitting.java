package dev.lamina.gguf;

import dev.lamina.LaminaException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Distributes a model over several files, or brings it together in one: names and keys are those of
 * llama.cpp's {@code llama-gguf-split}. Data stream from file to file.
 */
public final class Splitting {
  /** Bytes copied at once. */
  private static final long CHUNK = 1 << 24;

  /** The keys count parts in 16 bits. */
  private static final int MOST_PARTS = 65_535;

  private static final int ALIGNMENT = 32;

  private Splitting() {}

  /**
   * Where a part ends.
   *
   * @param bytes of tensors in a part at most, a single larger tensor excepted; 0: any
   * @param tensors in a part at most; 0: any
   * @param emptyFirst whether the first part has metadata alone
   */
  public record Limit(long bytes, int tensors, boolean emptyFirst) {
    public Limit {
      if (bytes < 0 || tensors < 0) {
        throw new IllegalArgumentException(
            "a part of " + bytes + " bytes, " + tensors + " tensors");
      }
    }
  }

  /** Told while data are copied. */
  @FunctionalInterface
  public interface Progress {
    Progress NONE = (done, total) -> {};

    /**
     * @param done bytes copied so far, of {@code total}
     */
    void copied(long done, long total);
  }

  /**
   * The tensors of each part, in the order of the file.
   *
   * @throws LaminaException where there are more parts than a file can name
   */
  public static List<List<TensorInfo>> plan(List<TensorInfo> tensors, Limit limit) {
    List<List<TensorInfo>> parts = new ArrayList<>();
    List<TensorInfo> part = new ArrayList<>();
    parts.add(part);
    if (limit.emptyFirst && !tensors.isEmpty()) {
      part = new ArrayList<>();
      parts.add(part);
    }
    long bytes = 0;
    for (TensorInfo tensor : tensors) {
      long padded = GgufParser.alignUp(tensor.bytes(), ALIGNMENT);
      boolean full =
          (limit.tensors > 0 && part.size() == limit.tensors)
              || (limit.bytes > 0 && bytes + padded > limit.bytes);
      if (full && !part.isEmpty()) {
        part = new ArrayList<>();
        parts.add(part);
        bytes = 0;
      }
      part.add(tensor);
      bytes += padded;
    }
    if (parts.size() > MOST_PARTS) {
      throw new LaminaException(
          "the model would have " + parts.size() + " parts, which is too many: make them larger");
    }
    return parts;
  }

  /**
   * Writes the parts of a plan.
   *
   * @param files one for each part, see {@link PartsWriter#names}
   * @throws LaminaException where reading or writing fails; nothing is left then
   */
  public static void write(
      GgufFile source, List<List<TensorInfo>> parts, List<Path> files, Progress progress) {
    long total = source.tensors().stream().mapToLong(TensorInfo::bytes).sum();
    int tensors = source.tensors().size();
    try (PartsWriter writer = PartsWriter.create(files, source, total)) {
      writer.part(0).copyMetadata(source, key -> true);
      for (int i = 0; i < parts.size(); i++) {
        GgufWriter part = writer.part(i);
        if (parts.size() > 1) {
          part.part(i, parts.size(), tensors);
        }
        parts.get(i).forEach(t -> part.tensor(t.name(), t.type(), t.shape()));
      }
      long done = 0;
      for (int i = 0; i < parts.size(); i++) {
        for (TensorInfo tensor : parts.get(i)) {
          MemorySegment data = source.data(tensor);
          for (long at = 0; at < data.byteSize(); at += CHUNK) {
            long n = Math.min(CHUNK, data.byteSize() - at);
            writer.part(i).append(tensor.name(), data.asSlice(at, n));
            done += n;
            progress.copied(done, total);
          }
        }
      }
      writer.finish();
    } catch (InternalError e) {
      throw GgufFile.vanished(source.source(), e);
    }
  }

  /** Writes all of a model to one file. */
  public static void merge(GgufFile source, Path file, Progress progress) {
    write(source, List.of(source.tensors()), List.of(file), progress);
  }
}
