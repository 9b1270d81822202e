package dev.lamina.model;

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
import dev.lamina.gguf.TensorInfo;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Runs one sequence through a model on one device: cut into stages, in steps of any length, with KV
 * pages that a sliding window gives back as soon as it has passed them. The device stays the
 * caller's.
 */
public final class StageRunner implements AutoCloseable {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private final ModelGraph model;
  private final int pageSize;
  private final Device device;
  private final List<Program> stages = new ArrayList<>();
  private final List<Deque<Integer>> free = new ArrayList<>();
  private final int[][][] pageTable;
  private int position;

  /**
   * @param cuts layers before which a new stage begins, ascending; the embedding is always a stage
   *     of its own
   * @param maxStep tokens of the longest step
   * @param length tokens in all
   */
  public StageRunner(
      Device device,
      GgufFile file,
      ModelGraph model,
      int[] cuts,
      int pageSize,
      int maxStep,
      int length) {
    this.device = device;
    this.model = model;
    this.pageSize = pageSize;
    int longest = (length + pageSize - 1) / pageSize;
    List<PageGroup> groups = new ArrayList<>();
    pageTable = new int[model.groups().size()][1][longest];
    for (int g = 0; g < pageTable.length; g++) {
      int window = model.groups().get(g).window();
      int pages =
          window == 0 ? longest : Math.min(longest, (window + maxStep + 2 * pageSize) / pageSize);
      groups.add(new PageGroup(pages, longest));
      Arrays.fill(pageTable[g][0], -1);
      Deque<Integer> pool = new ArrayDeque<>();
      for (int p = pages - 1; p >= 0; p--) {
        pool.add(p);
      }
      free.add(pool);
    }
    Limits limits = new Limits(maxStep, maxStep, 1, pageSize, groups);
    compile(file, model.embedding(), limits);
    int first = 0;
    for (int cut : cuts) {
      compile(file, model.stage(first, cut, false), limits);
      first = cut;
    }
    compile(file, model.stage(first, model.layers(), true), limits);
  }

  private void compile(GgufFile file, Graph graph, Limits limits) {
    Map<TensorSpec, Weight> weights = new LinkedHashMap<>();
    for (TensorSpec spec : graph.weights()) {
      TensorInfo info = file.tensor(spec.name()).orElseThrow();
      weights.put(spec, device.load(spec, file.data(info)));
    }
    stages.add(device.compile(graph, weights, limits));
  }

  /** Runs the next tokens; logits of each of them. */
  public float[][] step(int... tokens) {
    return stepFrom(0, tokens);
  }

  /** Runs the next tokens; logits from the one with number {@code first} on. */
  public float[][] stepFrom(int first, int... tokens) {
    int n = tokens.length;
    int[] positions = new int[n];
    int[] rows = new int[n - first];
    for (int i = 0; i < n; i++) {
      positions[i] = position + i;
    }
    for (int i = 0; i < rows.length; i++) {
      rows[i] = first + i;
    }
    turnPages(n);
    Step step = new Step(tokens, positions, new int[n], rows, pageTable, List.of(), Output.LOGITS);
    Program before = null;
    for (Program stage : stages) {
      if (before != null) {
        before.output(Output.HIDDEN).copyTo(stage.input(), 4L * n * model.width());
      }
      stage.submit(step).await();
      before = stage;
    }
    position += n;
    return read(before.output(Output.LOGITS), rows.length);
  }

  private void turnPages(int n) {
    for (int g = 0; g < pageTable.length; g++) {
      int window = model.groups().get(g).window();
      int[] table = pageTable[g][0];
      for (int p = 0; window > 0 && p < table.length; p++) {
        if (table[p] >= 0 && (p + 1) * pageSize <= position - window + 1) {
          free.get(g).add(table[p]);
          table[p] = -1;
        }
      }
      for (int p = position / pageSize; p <= (position + n - 1) / pageSize; p++) {
        if (table[p] < 0) {
          table[p] = free.get(g).removeLast();
        }
      }
    }
  }

  private float[][] read(Buffer buffer, int rows) {
    float[][] logits = new float[rows][];
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment host = arena.allocate(4L * rows * model.vocabulary(), 64);
      buffer.read(0, host);
      long row = 4L * model.vocabulary();
      for (int i = 0; i < rows; i++) {
        logits[i] = host.asSlice(i * row, row).toArray(FLOAT);
      }
    }
    return logits;
  }

  /** Forgets all tokens: the next is at position 0. */
  public void reset() {
    position = 0;
    for (int g = 0; g < pageTable.length; g++) {
      int[] table = pageTable[g][0];
      for (int p = 0; p < table.length; p++) {
        if (table[p] >= 0) {
          free.get(g).add(table[p]);
          table[p] = -1;
        }
      }
    }
  }

  /** All tokens of {@code prompt} in steps of at most {@code stepLength}. */
  public float[][] run(int[] prompt, int stepLength) {
    float[][] logits = new float[prompt.length][];
    for (int from = 0; from < prompt.length; from += stepLength) {
      int end = Math.min(prompt.length, from + stepLength);
      float[][] part = step(Arrays.copyOfRange(prompt, from, end));
      System.arraycopy(part, 0, logits, from, part.length);
    }
    return logits;
  }

  @Override
  public void close() {
    stages.forEach(Program::close);
  }
}
