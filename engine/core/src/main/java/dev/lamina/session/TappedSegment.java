package dev.lamina.session;

import dev.lamina.backend.Graph;
import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Op;
import dev.lamina.backend.Output;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Value;
import dev.lamina.backend.Value.Rows;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A run of a layer's ops between two places where nothing but one value goes on (the hidden state,
 * before and after each residual), as graphs whose outputs are what goes into its matrices. Every
 * device can run these: no op of its own is needed for looking into a graph.
 *
 * <p>A graph can have two outputs, {@link Output#HIDDEN} and {@link Output#LOGITS}: by the names of
 * the SPI "a row for each token" and "a row for each that wants output", here all of them. The
 * first graph goes on to the next segment and gives the tap that is the most work; the others
 * compute what their taps need once more, which is mostly a norm.
 *
 * @param input what comes in
 * @param output what goes on
 * @param pieces the graphs, the one that goes on first
 */
record TappedSegment(Value input, Value output, List<Piece> pieces) {
  /**
   * A graph with its taps.
   *
   * @param hidden the value that comes out as {@link Output#HIDDEN}
   * @param rows the value that comes out as {@link Output#LOGITS}, or null
   */
  record Piece(Graph graph, Value hidden, Value rows) {}

  /** Cuts a graph without an output stage, such as a layer. */
  static List<TappedSegment> of(Graph graph) {
    List<TappedSegment> segments = new ArrayList<>();
    List<Op> ops = graph.ops();
    Value from = graph.input();
    int start = 0;
    for (int end = 1; end <= ops.size(); end++) {
      Value through = end == ops.size() ? graph.outputs().get(Output.HIDDEN) : onlyLive(graph, end);
      if (through != null && !through.equals(from)) {
        segments.add(segment(from, ops.subList(start, end), through));
        from = through;
        start = end;
      }
    }
    return segments;
  }

  /** The matrices of a graph's ops by the value that goes into them. */
  static Map<Value, List<Op>> readers(List<Op> ops) {
    Map<Value, List<Op>> readers = new LinkedHashMap<>();
    for (Op op : ops) {
      switch (op) {
        case Op.MatMul m -> readers.computeIfAbsent(m.in(), v -> new ArrayList<>()).add(op);
        case Op.ExpertMatMul m -> readers.computeIfAbsent(m.in(), v -> new ArrayList<>()).add(op);
        case Op.Embed _, Op.RmsNorm _, Op.Rope _, Op.KvStore _, Op.Attention _ -> {}
        case Op.Gated _, Op.Add _, Op.Scale _, Op.SoftCap _, Op.SigmoidGate _ -> {}
        case Op.SelectOutputs _, Op.Route _, Op.ExpertSum _, Op.Argmax _ -> {}
      }
    }
    return readers;
  }

  /**
   * The one value that ops from {@code end} on read of those before, or null where it is not one.
   */
  private static Value onlyLive(Graph graph, int end) {
    Set<Value> before = new HashSet<>();
    Set<KvSpec> stored = new HashSet<>();
    before.add(graph.input());
    for (Op op : graph.ops().subList(0, end)) {
      if (op instanceof Op.KvStore store) {
        stored.add(store.kv());
      }
      if (op.output() != null) {
        before.add(op.output());
      }
    }
    Set<Value> live = new HashSet<>();
    for (Op op : graph.ops().subList(end, graph.ops().size())) {
      if (op instanceof Op.Attention attention && stored.contains(attention.kv())) {
        return null;
      }
      op.inputs().stream().filter(before::contains).forEach(live::add);
    }
    graph.outputs().values().stream().filter(before::contains).forEach(live::add);
    Value only = live.size() == 1 ? live.iterator().next() : null;
    return only != null && only.rows() == Rows.TOKENS ? only : null;
  }

  private static TappedSegment segment(Value input, List<Op> ops, Value output) {
    List<Value> taps = new ArrayList<>();
    for (Map.Entry<Value, List<Op>> entry : readers(ops).entrySet()) {
      add(taps, entry.getKey(), input);
      for (Op op : entry.getValue()) {
        if (op instanceof Op.ExpertMatMul m) {
          add(taps, m.routing(), input);
        }
      }
    }
    Map<Value, Long> work = new HashMap<>();
    taps.forEach(tap -> work.put(tap, work(needed(ops, Set.of(tap)))));
    taps.sort(Comparator.comparingLong(work::get).reversed());
    List<Piece> pieces = new ArrayList<>();
    pieces.add(piece(input, ops, output, taps.isEmpty() ? null : taps.getFirst()));
    for (int i = 1; i < taps.size(); i += 2) {
      pieces.add(piece(input, ops, taps.get(i), i + 1 < taps.size() ? taps.get(i + 1) : null));
    }
    return new TappedSegment(input, output, List.copyOf(pieces));
  }

  private static void add(List<Value> taps, Value value, Value input) {
    if (!value.equals(input) && !taps.contains(value)) {
      taps.add(value);
    }
  }

  private static Piece piece(Value input, List<Op> ops, Value hidden, Value rows) {
    List<Op> chosen = needed(ops, rows == null ? Set.of(hidden) : Set.of(hidden, rows));
    Map<Output, Value> outputs = new HashMap<>();
    outputs.put(Output.HIDDEN, hidden);
    if (rows != null) {
      int free = input.id();
      for (Op op : chosen) {
        free = op.output() == null ? free : Math.max(free, op.output().id());
      }
      Value selected = new Value(free + 1, rows.width(), Rows.OUTPUTS);
      chosen.add(new Op.SelectOutputs(rows, selected));
      outputs.put(Output.LOGITS, selected);
    }
    return new Piece(new Graph(input, chosen, outputs), hidden, rows);
  }

  /** The ops on which values depend, in order; keys and values only where attention reads them. */
  private static List<Op> needed(List<Op> ops, Set<Value> values) {
    Set<Value> wanted = new HashSet<>(values);
    Set<KvSpec> read = new HashSet<>();
    List<Op> chosen = new ArrayList<>();
    for (Op op : ops.reversed()) {
      boolean needed =
          op instanceof Op.KvStore store ? read.contains(store.kv()) : wanted.contains(op.output());
      if (needed) {
        chosen.add(op);
        wanted.addAll(op.inputs());
        if (op instanceof Op.Attention attention) {
          read.add(attention.kv());
        }
      }
    }
    return new ArrayList<>(chosen.reversed());
  }

  /** Multiplications for a token, in matrices. */
  private static long work(List<Op> ops) {
    long sum = 0;
    for (Op op : ops) {
      int times = op instanceof Op.ExpertMatMul m ? m.used() : 1;
      for (TensorSpec weight : op.weights()) {
        sum += (long) times * weight.cols() * weight.rows();
      }
    }
    return sum;
  }
}
