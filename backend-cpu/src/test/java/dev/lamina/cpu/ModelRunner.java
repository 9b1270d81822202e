package dev.lamina.cpu;

import dev.lamina.backend.Buffer;
import dev.lamina.backend.Device;
import dev.lamina.backend.Graph;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Limits.PageGroup;
import dev.lamina.backend.Output;
import dev.lamina.backend.Program;
import dev.lamina.backend.Step;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Weight;
import dev.lamina.gguf.GgufFile;
import dev.lamina.model.ModelGraph;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Runs one sequence through a whole model on one device, in steps of any length. */
final class ModelRunner {
  private final ModelGraph model;
  private final Program embedding;
  private final Program layers;
  private final int[][][] pageTable;
  private int position;

  ModelRunner(Device device, GgufFile file, ModelGraph model, int pageSize, int step, int length) {
    this.model = model;
    int pages = (length + pageSize - 1) / pageSize;
    List<PageGroup> groups = new ArrayList<>();
    pageTable = new int[model.groups().size()][1][pages];
    for (int[][] group : pageTable) {
      groups.add(new PageGroup(pages, pages));
      for (int p = 0; p < pages; p++) {
        group[0][p] = pages - 1 - p;
      }
    }
    Limits limits = new Limits(step, step, 1, pageSize, groups);
    embedding = compile(device, file, model.embedding(), limits);
    layers = compile(device, file, model.stage(0, model.layers(), true), limits);
  }

  private static Program compile(Device device, GgufFile file, Graph graph, Limits limits) {
    Map<TensorSpec, Weight> weights = new HashMap<>();
    for (TensorSpec spec : graph.weights()) {
      weights.put(spec, device.load(spec, file.data(file.tensor(spec.name()).orElseThrow())));
    }
    return device.compile(graph, weights, limits);
  }

  /** The logits of all tokens, taken in steps of at most {@code step} tokens. */
  float[] logits(int[] tokens, int step) {
    float[] all = new float[tokens.length * model.vocabulary()];
    for (int from = 0; from < tokens.length; from += step) {
      int n = Math.min(step, tokens.length - from);
      int[] ids = new int[n];
      int[] positions = new int[n];
      int[] rows = new int[n];
      for (int i = 0; i < n; i++) {
        ids[i] = tokens[from + i];
        positions[i] = position++;
        rows[i] = i;
      }
      Step data = new Step(ids, positions, new int[n], rows, pageTable, List.of(), Output.LOGITS);
      embedding.submit(data).await();
      embedding.output(Output.HIDDEN).copyTo(layers.input(), 4L * n * model.width());
      layers.submit(data).await();
      read(layers.output(Output.LOGITS), all, from * model.vocabulary(), n * model.vocabulary());
    }
    return all;
  }

  private static void read(Buffer buffer, float[] into, int from, int n) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment host = arena.allocate(4L * n, 64);
      buffer.read(0, host);
      MemorySegment.copy(host, ValueLayout.JAVA_FLOAT, 0, into, from, n);
    }
  }
}
