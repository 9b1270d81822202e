package dev.lamina.session;

import dev.lamina.LaminaException;
import dev.lamina.backend.Device;
import dev.lamina.backend.Graph;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.Output;
import dev.lamina.backend.Program;
import dev.lamina.backend.Step;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Value;
import dev.lamina.features.Backends;
import dev.lamina.gguf.GgufFile;
import dev.lamina.model.Architectures;
import dev.lamina.model.DecoderGraph;
import dev.lamina.model.TensorCatalog;
import dev.lamina.placement.Placement;
import dev.lamina.placement.Stage;
import dev.lamina.tokenizer.Tokenizer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads a text with a model and hands out what goes into its matrices, on the devices that a run
 * would use. It goes layer by layer: the whole text through the first layer, then through the
 * second, so that memory holds one layer's weights and the hidden state of the text.
 */
public final class Calibration implements AutoCloseable {
  private static final int PAGE_SIZE = 64;

  /** The most that the hidden states of a pass may take; a longer text takes several passes. */
  private static final long MOST_HIDDEN = 2L << 30;

  private final GgufFile file;
  private final DecoderGraph graph;
  private final LoadOptions options;
  private final DevicePlacer placer;

  /** Told what goes into matrices: rows of activations, in the order of the text. */
  public interface Activations {
    /**
     * Rows that were multiplied with plain matrices.
     *
     * @param weights the matrices, all with the same rows
     * @param rows {@code [count][cols]}, valid during the call
     */
    void plain(List<TensorSpec> weights, float[] rows, int count);

    /**
     * Rows that were multiplied with experts.
     *
     * @param weights the experts' matrices, all with the same rows
     * @param used experts that each token goes through
     * @param rows {@code [count][cols]}, or {@code [count][used][cols]} where {@code perExpert}
     * @param routing {@code [count][2 used]}: the experts' numbers, then their weights
     */
    void experts(
        List<TensorSpec> weights,
        int used,
        boolean perExpert,
        float[] rows,
        float[] routing,
        int count);
  }

  /** Told how far it is. */
  @FunctionalInterface
  public interface Progress {
    Progress NONE = (done, total) -> {};

    /**
     * @param done of {@code total} pieces of work
     */
    void done(long done, long total);
  }

  private Calibration(GgufFile file, DecoderGraph graph, LoadOptions options, DevicePlacer placer) {
    this.file = file;
    this.graph = graph;
    this.options = options;
    this.placer = placer;
  }

  /**
   * Opens a file; nothing is loaded yet.
   *
   * @param options devices and the like; the context is the window's length
   */
  public static Calibration open(Path path, LoadOptions options) {
    return open(path, options, options.discover());
  }

  /** As {@link #open(Path, LoadOptions)} on given devices, which are closed with this. */
  static Calibration open(Path path, LoadOptions options, Backends backends) {
    DevicePlacer placer = new DevicePlacer(backends, options.placement());
    GgufFile file = null;
    try {
      file = GgufFile.open(path);
      DecoderGraph graph =
          Architectures.graph(file.metadata(), TensorCatalog.of(file.tensors()), options.model());
      return new Calibration(file, graph, options, placer);
    } catch (RuntimeException | Error e) {
      placer.close();
      if (file != null) {
        file.close();
      }
      throw e;
    }
  }

  /** The model's tokenizer. */
  public Tokenizer tokenizer() {
    return Tokenizer.of(file.metadata());
  }

  /**
   * Reads windows of a text, each from nothing.
   *
   * @throws LaminaException where a device fails; what was handed out then is incomplete
   */
  public void run(TextWindows windows, Activations activations, Progress progress) {
    int length = windows.length();
    int atOnce = Math.max(1, Math.min(windows.count(), options.ubatch() / length));
    int most = Math.min(options.ubatch(), length) * atOnce;
    int pages = Math.ceilDiv(length, PAGE_SIZE);
    Limits.PageGroup group = new Limits.PageGroup(pages * atOnce, pages);
    Limits limits =
        new Limits(most, most, atOnce, PAGE_SIZE, graph.groups().stream().map(g -> group).toList());
    Placement placement = placer.plan(graph, limits);
    long windowBytes = 4L * length * graph.width();
    int inPass = Math.clamp(MOST_HIDDEN / windowBytes, 1, windows.count());
    Counter counter = new Counter(progress, windows.count() * (graph.layers() + 1L));
    try {
      for (int first = 0; first < windows.count(); first += inPass) {
        int count = Math.min(inPass, windows.count() - first);
        try (Pass pass = new Pass(windows, first, count, limits, activations, counter)) {
          pass.run(placement);
        }
      }
    } catch (StageFailure e) {
      throw new LaminaException(
          e.device().info().id()
              + " failed ("
              + e.getMessage()
              + "): run again without it, or with a smaller -ub",
          e);
    } catch (InternalError e) {
      throw GgufFile.vanished(file.source(), e);
    }
  }

  private static final class Counter {
    private final Progress progress;
    private final long total;
    private long done;

    Counter(Progress progress, long total) {
      this.progress = progress;
      this.total = total;
    }

    void add(long windows) {
      done += windows;
      progress.done(done, total);
    }
  }

  /** A step's tokens, and where they lie among those of the pass. */
  private record Slice(Step step, int first, int windows) {}

  /** Some windows of the text, on their way through all layers. */
  private final class Pass implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final Limits limits;
    private final Activations activations;
    private final Counter counter;
    private final List<Slice> slices = new ArrayList<>();
    private final MemorySegment hidden;
    private final Map<Value, MemorySegment> read = new HashMap<>();

    Pass(
        TextWindows windows,
        int first,
        int count,
        Limits limits,
        Activations activations,
        Counter counter) {
      this.limits = limits;
      this.activations = activations;
      this.counter = counter;
      int length = windows.length();
      hidden = arena.allocate(4L * count * length * graph.width(), 64);
      if (limits.maxTokens() < length) {
        for (int w = 0; w < count; w++) {
          int[] tokens = windows.input(first + w);
          for (int at = 0; at < length; at += limits.maxTokens()) {
            int n = Math.min(limits.maxTokens(), length - at);
            int[] part = Arrays.copyOfRange(tokens, at, at + n);
            slices.add(new Slice(step(part, at, n), w * length + at, at + n == length ? 1 : 0));
          }
        }
      } else {
        int atOnce = limits.maxSequences();
        for (int w = 0; w < count; w += atOnce) {
          int n = Math.min(atOnce, count - w);
          int[] tokens = new int[n * length];
          for (int i = 0; i < n; i++) {
            System.arraycopy(windows.input(first + w + i), 0, tokens, i * length, length);
          }
          slices.add(new Slice(step(tokens, 0, length), w * length, n));
        }
      }
    }

    /** A step in which all rows are read; its windows are {@code length} tokens long. */
    private Step step(int[] tokens, int position, int length) {
      int[] positions = new int[tokens.length];
      int[] slots = new int[tokens.length];
      int[] rows = new int[tokens.length];
      for (int i = 0; i < tokens.length; i++) {
        positions[i] = position + i % length;
        slots[i] = i / length;
        rows[i] = i;
      }
      int pages = limits.groups().isEmpty() ? 0 : limits.groups().getFirst().maxPagesPerSequence();
      int[][] table = new int[limits.maxSequences()][pages];
      for (int slot = 0; slot < table.length; slot++) {
        for (int page = 0; page < pages; page++) {
          table[slot][page] = slot * pages + page;
        }
      }
      int[][][] tables = new int[limits.groups().size()][][];
      Arrays.fill(tables, table);
      // Wanting what no graph here makes gives all that they make.
      return new Step(tokens, positions, slots, rows, tables, List.of(), Output.GREEDY);
    }

    void run(Placement placement) throws StageFailure {
      embed(placement.embedding());
      for (Stage stage : placement.stages()) {
        for (int layer = stage.first(); layer < stage.end(); layer++) {
          layer(stage.device(), graph.stage(layer, layer + 1, false));
        }
      }
    }

    private void embed(Device device) throws StageFailure {
      Graph embedding = graph.embedding();
      try (LoadedGraphs loaded =
          new LoadedGraphs(file, device, embedding, List.of(embedding), limits)) {
        Program program = loaded.programs().getFirst();
        for (Slice slice : slices) {
          program.submit(slice.step);
          program.output(Output.HIDDEN).read(0, rows(slice));
          counter.add(slice.windows);
        }
      } catch (RuntimeException | LinkageError e) {
        throw StageFailure.of(device, e);
      }
    }

    private MemorySegment rows(Slice slice) {
      long row = 4L * graph.width();
      return hidden.asSlice(slice.first * row, slice.step.tokens() * row);
    }

    private void layer(Device device, Graph layer) throws StageFailure {
      List<TappedSegment> segments = TappedSegment.of(layer);
      List<Graph> graphs =
          segments.stream()
              .flatMap(segment -> segment.pieces().stream())
              .map(TappedSegment.Piece::graph)
              .toList();
      try (LoadedGraphs loaded = new LoadedGraphs(file, device, layer, graphs, limits)) {
        for (Slice slice : slices) {
          int next = 0;
          for (TappedSegment segment : segments) {
            int pieces = segment.pieces().size();
            run(segment, loaded.programs().subList(next, next + pieces), slice);
            next += pieces;
          }
          counter.add(slice.windows);
        }
      } catch (RuntimeException | LinkageError e) {
        throw StageFailure.of(device, e);
      }
    }

    private void run(TappedSegment segment, List<Program> programs, Slice slice) {
      Map<Value, float[]> taps = new LinkedHashMap<>();
      int tokens = slice.step.tokens();
      taps.put(segment.input(), floats(rows(slice)));
      for (int i = 0; i < programs.size(); i++) {
        Program program = programs.get(i);
        TappedSegment.Piece piece = segment.pieces().get(i);
        program.input().write(0, rows(slice));
        program.submit(slice.step);
        if (i > 0) {
          taps.put(piece.hidden(), read(program, Output.HIDDEN, piece.hidden(), tokens));
        }
        if (piece.rows() != null) {
          taps.put(piece.rows(), read(program, Output.LOGITS, piece.rows(), tokens));
        }
      }
      hand(segment.pieces().getFirst().graph(), taps, tokens);
      programs.getFirst().output(Output.HIDDEN).read(0, rows(slice));
    }

    private float[] read(Program program, Output output, Value value, int tokens) {
      MemorySegment target =
          read.computeIfAbsent(value, v -> arena.allocate(4L * v.width() * limits.maxTokens(), 64));
      MemorySegment rows = target.asSlice(0, 4L * value.width() * tokens);
      program.output(output).read(0, rows);
      return floats(rows);
    }

    private static float[] floats(MemorySegment rows) {
      return rows.toArray(ValueLayout.JAVA_FLOAT);
    }

    private void hand(Graph piece, Map<Value, float[]> taps, int tokens) {
      for (Map.Entry<Value, List<Op>> entry : TappedSegment.readers(piece.ops()).entrySet()) {
        float[] rows = taps.get(entry.getKey());
        List<TensorSpec> plain = new ArrayList<>();
        Map<Value, List<Op.ExpertMatMul>> experts = new LinkedHashMap<>();
        for (Op op : entry.getValue()) {
          if (op instanceof Op.MatMul m) {
            plain.add(m.weight());
          } else if (op instanceof Op.ExpertMatMul m) {
            experts.computeIfAbsent(m.routing(), v -> new ArrayList<>()).add(m);
          }
        }
        if (!plain.isEmpty()) {
          activations.plain(plain, rows, tokens);
        }
        experts.forEach(
            (routing, ops) -> {
              Op.ExpertMatMul first = ops.getFirst();
              activations.experts(
                  ops.stream().map(Op.ExpertMatMul::weight).toList(),
                  first.used(),
                  first.in().width() != first.weight().cols(),
                  rows,
                  taps.get(routing),
                  tokens);
            });
      }
    }

    @Override
    public void close() {
      arena.close();
    }
  }

  @Override
  public void close() {
    try (file) {
      placer.close();
    }
  }
}
