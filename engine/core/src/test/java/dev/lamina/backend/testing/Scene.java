package dev.lamina.backend.testing;

import dev.lamina.backend.GraphBuilder;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Value;
import dev.lamina.gguf.GgmlType;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;

/** A graph under construction together with the data of its weights. */
final class Scene {
  /**
   * Rows of a source's table: the token with number {@code i} finds row {@code i % 61} (no multiple
   * of a page).
   */
  static final int SOURCE_ROWS = 61;

  private final GraphBuilder graph = new GraphBuilder();
  private final Map<TensorSpec, MemorySegment> data = new LinkedHashMap<>();
  private final SplittableRandom seeds;
  private int names;

  Scene(long seed) {
    seeds = new SplittableRandom(seed);
  }

  GraphBuilder graph() {
    return graph;
  }

  Map<TensorSpec, MemorySegment> data() {
    return data;
  }

  /** Activations that are exactly the same on every device: an embedding lookup in F32. */
  Value source(int width) {
    return source(width, 2);
  }

  /** Activations up to {@code magnitude}. */
  Value source(int width, float magnitude) {
    float[] values = new float[SOURCE_ROWS * width];
    SplittableRandom random = seeds.split();
    for (int i = 0; i < values.length; i++) {
      values[i] = magnitude * (2 * random.nextFloat() - 1);
    }
    return source(width, values);
  }

  /** Given activations, {@link #SOURCE_ROWS} rows. */
  Value source(int width, float[] values) {
    TensorSpec table = TensorSpec.embedding("source" + names++, GgmlType.F32, width, SOURCE_ROWS);
    data.put(table, MemorySegment.ofArray(values.clone()));
    return graph.embed(table);
  }

  TensorSpec matrix(GgmlType type, int cols, int rows) {
    return random(TensorSpec.matrix("matrix" + names++, type, cols, rows));
  }

  TensorSpec experts(GgmlType type, int cols, int rows, int experts) {
    return random(TensorSpec.experts("experts" + names++, type, cols, rows, experts));
  }

  TensorSpec embedding(GgmlType type, int cols, int rows) {
    return random(TensorSpec.embedding("table" + names++, type, cols, rows));
  }

  TensorSpec vector(int size) {
    return random(TensorSpec.vector("vector" + names++, GgmlType.F32, size));
  }

  TensorSpec vector(float[] values) {
    return with(
        TensorSpec.vector("vector" + names++, GgmlType.F32, values.length),
        MemorySegment.ofArray(values));
  }

  TensorSpec with(TensorSpec spec, MemorySegment values) {
    data.put(spec, values);
    return spec;
  }

  private TensorSpec random(TensorSpec spec) {
    return with(spec, RandomBlocks.of(spec, seeds.nextLong()));
  }
}
