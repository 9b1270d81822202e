package dev.lamina.model.synthetic;

import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.GgufWriter;
import dev.lamina.gguf.SyntheticWeights;
import dev.lamina.gguf.TensorInfo;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.stream.IntStream;

/**
 * Seeded random data for a {@link SyntheticModel}, such that activations neither vanish nor
 * explode: matrices keep the size of what goes through them, gains lie around 1. The same seed
 * gives the same bytes, in memory and in a file.
 */
public final class SyntheticData {
  /** Blocks with a seed of their own, so that pieces can be made in any order. */
  private static final int CHUNK = 1 << 16;

  private static final float SMALL = 0.02f;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private SyntheticData() {}

  /**
   * Makes a tensor's data, on all processors.
   *
   * @param target {@link TensorInfo#bytes()} bytes
   */
  public static void fill(TensorInfo tensor, long seed, MemorySegment target) {
    long chunkBytes = (long) CHUNK * tensor.type().blockBytes();
    int chunks = Math.toIntExact((target.byteSize() + chunkBytes - 1) / chunkBytes);
    IntStream.range(0, chunks)
        .parallel()
        .forEach(
            i -> {
              long from = i * chunkBytes;
              long size = Math.min(chunkBytes, target.byteSize() - from);
              fillChunk(tensor, seed, i, target.asSlice(from, size));
            });
  }

  /**
   * Writes the model as a GGUF file.
   *
   * @throws dev.lamina.gguf.GgufException where writing fails; nothing is left behind then
   */
  public static void write(SyntheticModel model, long seed, Path target) {
    try (GgufWriter writer = GgufWriter.create(target);
        Arena arena = Arena.ofShared()) {
      model.keys().forEach(writer::put);
      model.tensors().forEach(t -> writer.tensor(t.name(), t.type(), t.shape()));
      MemorySegment piece = arena.allocate((long) CHUNK * maxBlockBytes(), 64);
      for (TensorInfo tensor : model.tensors()) {
        long chunkBytes = (long) CHUNK * tensor.type().blockBytes();
        for (int i = 0; i * chunkBytes < tensor.bytes(); i++) {
          long size = Math.min(chunkBytes, tensor.bytes() - i * chunkBytes);
          fillChunk(tensor, seed, i, piece.asSlice(0, size));
          writer.append(tensor.name(), piece.asSlice(0, size));
        }
      }
      writer.finish();
    }
  }

  private static int maxBlockBytes() {
    int max = 0;
    for (GgmlType type : GgmlType.values()) {
      max = Math.max(max, type.blockBytes());
    }
    return max;
  }

  private static void fillChunk(TensorInfo tensor, long seed, int chunk, MemorySegment target) {
    String name = tensor.name();
    long mixed = (seed * 31 + name.hashCode()) * 0x9E3779B97F4A7C15L + chunk;
    if (name.equals("rope_freqs.weight")) {
      for (long i = 0; i < target.byteSize(); i += Float.BYTES) {
        target.set(FLOAT, i, 1);
      }
      return;
    }
    boolean vector = tensor.shape().length < 2;
    float deviation = vector ? SMALL : (float) (1 / Math.sqrt(tensor.shape()[0]));
    SyntheticWeights.fill(tensor.type(), mixed, target, deviation);
    if (vector && name.endsWith("_norm.weight")) {
      for (long i = 0; i < target.byteSize(); i += Float.BYTES) {
        target.set(FLOAT, i, 1 + target.get(FLOAT, i));
      }
    }
  }
}
