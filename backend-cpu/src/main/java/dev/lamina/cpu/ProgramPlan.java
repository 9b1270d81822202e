package dev.lamina.cpu;

import dev.lamina.backend.Graph;
import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.Output;
import dev.lamina.backend.RopeSpec;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Value;
import dev.lamina.cpu.kernel.CodeAttentionKernel;
import dev.lamina.cpu.kernel.Kernel;
import dev.lamina.cpu.kernel.KvMemory;
import dev.lamina.cpu.kernel.Matrix;
import dev.lamina.cpu.kernel.PanelMatMulKernel;
import dev.lamina.cpu.kernel.Place;
import dev.lamina.cpu.kernel.PointwiseKernel;
import dev.lamina.cpu.kernel.RopeTableKernel;
import dev.lamina.cpu.kernel.RoutingKernels;
import dev.lamina.cpu.kernel.RowKernels;
import dev.lamina.cpu.kernel.TieredKernel;
import dev.lamina.cpu.plain.PlainKernels;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Turns a graph into kernels and sorts them into levels: a kernel's level is one more than the
 * highest level of those whose results it reads, so that kernels of one level can run at the same
 * time. Memory is shared between places whose levels do not overlap.
 */
final class ProgramPlan {
  /** Where the plan gets addresses from: real ones, or none where only sizes are asked. */
  interface Source {
    Matrix matrix(TensorSpec spec);

    /** The address of a vector's values as float32. */
    long vector(TensorSpec spec);

    /** A vector's values, or null where there are none yet. */
    float[] values(TensorSpec spec);

    KvMemory kv(KvSpec spec);
  }

  /** What the plain forms work on: the same as the SIMD kernels. */
  private final PlainKernels.Source plainSource =
      new PlainKernels.Source() {
        @Override
        public Matrix matrix(TensorSpec spec) {
          return source.matrix(spec);
        }

        @Override
        public long vector(TensorSpec spec) {
          return source.vector(spec);
        }

        @Override
        public KvMemory kv(KvSpec spec) {
          return source.kv(spec);
        }

        @Override
        public Place place(Value value) {
          return ProgramPlan.this.place(value);
        }

        @Override
        public Place ropeTable(RopeSpec rope) {
          return ropeTables.get(rope);
        }
      };

  private record Node(Kernel kernel, Op op, int level) {}

  private final Graph graph;
  private final Limits limits;
  private final Source source;
  private final KernelFamily family;
  private final ProductPlan products;
  private final boolean plain;
  private final Profile profile;
  private final List<Node> nodes = new ArrayList<>();
  private final List<Place> places = new ArrayList<>();
  private final Map<Place, Integer> written = new HashMap<>();
  private final Map<Place, Integer> lastRead = new HashMap<>();
  private final Map<Integer, Place> values = new HashMap<>();
  private final Map<KvSpec, Place> stored = new HashMap<>();
  private final Map<RopeSpec, Place> ropeTables = new HashMap<>();
  private final Map<Object, Set<Op>> users = new HashMap<>();
  private final Set<Integer> kept = new HashSet<>();

  /**
   * @param family computes the ops that there is more than one family for
   * @param plain whether steps may be asked for in plain form
   * @param profile takes the kernels' times; null where nobody wants them
   */
  ProgramPlan(
      Graph graph,
      Limits limits,
      Source source,
      KernelFamily family,
      boolean plain,
      Profile profile) {
    this.graph = graph;
    this.profile = profile;
    this.plain = plain;
    this.limits = limits;
    this.source = source;
    this.family = family;
    this.products = new ProductPlan(this, family.panels());
    graph.outputs().values().forEach(value -> kept.add(value.id()));
    if (graph.input() != null) {
      kept.add(graph.input().id());
      written.put(place(graph.input()), -1);
    }
    graph.ops().forEach(this::add);
  }

  /** The place of a value. */
  Place place(Value value) {
    return values.computeIfAbsent(
        value.id(),
        id -> fresh(4L * value.width() * limits.maxRows(value.rows()), kept.contains(id)));
  }

  /**
   * A place for values of the plan's own.
   *
   * @param pinned whether nothing else may ever lie there
   */
  Place fresh(long bytes, boolean pinned) {
    Place place = new Place(bytes, pinned);
    places.add(place);
    return place;
  }

  /** Gives every place its offset; returns the bytes of all. */
  long layOut() {
    return new MemoryPlan(places, written, lastRead).bytes();
  }

  Source source() {
    return source;
  }

  Limits limits() {
    return limits;
  }

  long scratchBytes() {
    long most = 0;
    for (Node node : nodes) {
      most = Math.max(most, node.kernel.scratchBytes());
    }
    return most;
  }

  List<Place> places() {
    return places;
  }

  /** The phases of a step that wants one output. */
  List<Region> regions(Output want) {
    Set<Op> needed = new HashSet<>(graph.opsFor(want));
    List<List<Kernel>> levels = new ArrayList<>();
    for (Node node : nodes) {
      Set<Op> usedBy = users.get(node.kernel);
      boolean runs =
          node.op != null ? needed.contains(node.op) : usedBy.stream().anyMatch(needed::contains);
      if (runs) {
        while (levels.size() <= node.level) {
          levels.add(new ArrayList<>());
        }
        levels
            .get(node.level)
            .add(profile == null ? node.kernel : profile.timed(node.kernel, node.op));
      }
    }
    return levels.stream().filter(level -> !level.isEmpty()).map(Region::new).toList();
  }

  /** Adds a kernel that reads and writes these places. */
  void node(Kernel kernel, Op op, List<Place> reads, Place writes) {
    int level = 0;
    for (Place read : reads) {
      level = Math.max(level, written.get(read) + 1);
    }
    for (Place read : reads) {
      lastRead.merge(read, level, Math::max);
    }
    if (writes != null) {
      written.merge(writes, level, Math::max);
    }
    nodes.add(new Node(plain && op != null ? tiered(op, kernel) : kernel, op, level));
  }

  /** Adds a kernel that several ops share; it runs where any of them does. */
  void helper(Kernel kernel, Object key, List<Place> reads, Place writes) {
    node(kernel, null, reads, writes);
    users.put(kernel, users.computeIfAbsent(key, k -> new HashSet<>()));
  }

  private Kernel tiered(Op op, Kernel simd) {
    if (simd instanceof PanelMatMulKernel || simd instanceof CodeAttentionKernel) {
      return simd; // machine code needs no warming
    }
    Kernel form = PlainKernels.of(op, simd, plainSource);
    return form == simd ? simd : new TieredKernel(simd, form);
  }

  /** A kernel that only SIMD kernels need. */
  Kernel simdOnly(Kernel kernel) {
    return plain ? new TieredKernel(kernel, null) : kernel;
  }

  /** Says that an op needs what a helper makes. */
  void uses(Object key, Op op) {
    users.computeIfAbsent(key, k -> new HashSet<>()).add(op);
  }

  private void add(Op op) {
    switch (op) {
      case Op.Embed o ->
          node(
              family.embed(source.matrix(o.table()), place(o.out())),
              op,
              List.of(),
              place(o.out()));
      case Op.MatMul o -> products.add(o);
      case Op.RmsNorm o ->
          node(
              family.rmsNorm(o, source.vector(o.gamma()), place(o.in()), place(o.out())),
              op,
              List.of(place(o.in())),
              place(o.out()));
      case Op.Rope o -> {
        Place table = ropeTable(o);
        node(
            family.rope(o, table, place(o.in()), place(o.out())),
            op,
            List.of(table, place(o.in())),
            place(o.out()));
      }
      case Op.KvStore o -> {
        Place pages = stored.computeIfAbsent(o.kv(), kv -> fresh(0, true));
        node(
            family.kvStore(source.kv(o.kv()), place(o.k()), place(o.v())),
            op,
            List.of(place(o.k()), place(o.v())),
            pages);
      }
      case Op.Attention o -> attention(o);
      case Op.Gated o ->
          node(
              family.gated(o, place(o.gate()), place(o.up()), place(o.out())),
              op,
              List.of(place(o.gate()), place(o.up())),
              place(o.out()));
      case Op.Add o ->
          node(
              family.add(o, place(o.a()), place(o.b()), place(o.out())),
              op,
              List.of(place(o.a()), place(o.b())),
              place(o.out()));
      case Op.Scale o ->
          node(
              PointwiseKernel.scale(o.out(), o.factor(), place(o.in()), place(o.out())),
              op,
              List.of(place(o.in())),
              place(o.out()));
      case Op.SoftCap o ->
          node(
              PointwiseKernel.softCap(o.out(), o.cap(), place(o.in()), place(o.out())),
              op,
              List.of(place(o.in())),
              place(o.out()));
      case Op.SigmoidGate o ->
          node(
              RowKernels.sigmoidGate(o.in(), place(o.gate()), place(o.in()), place(o.out())),
              op,
              List.of(place(o.gate()), place(o.in())),
              place(o.out()));
      case Op.SelectOutputs o ->
          node(
              RowKernels.select(o.in(), place(o.in()), o.out(), place(o.out())),
              op,
              List.of(place(o.in())),
              place(o.out()));
      case Op.Route o ->
          node(
              RoutingKernels.route(o, place(o.logits()), place(o.out())),
              op,
              List.of(place(o.logits())),
              place(o.out()));
      case Op.ExpertMatMul o -> products.add(o);
      case Op.ExpertSum o ->
          node(
              RoutingKernels.sum(
                  o.used(), o.out(), place(o.routing()), place(o.in()), place(o.out())),
              op,
              List.of(place(o.routing()), place(o.in())),
              place(o.out()));
      case Op.Argmax o ->
          node(
              RowKernels.argmax(o.in(), place(o.in()), place(o.out())),
              op,
              List.of(place(o.in())),
              place(o.out()));
    }
  }

  private void attention(Op.Attention op) {
    Place q = place(op.q());
    Place out = place(op.out());
    long bytes = family.attentionBytes(op, limits.pageSize());
    Place partials = bytes == 0 ? null : fresh(bytes, false);
    node(
        family.attention(op, source.kv(op.kv()), q, out, partials),
        op,
        List.of(q, stored.get(op.kv())),
        out);
    if (partials != null) {
      written.put(partials, written.get(out));
    }
  }

  private Place ropeTable(Op.Rope op) {
    RopeSpec rope = op.rope();
    Place table = ropeTables.get(rope);
    if (table == null) {
      table = fresh(RopeTableKernel.tokenBytes(rope) * limits.maxTokens(), false);
      ropeTables.put(rope, table);
      float[] divisors = rope.factors() == null ? null : source.values(rope.factors());
      helper(new RopeTableKernel(rope, divisors, table), rope, List.of(), table);
    }
    uses(rope, op);
    return table;
  }
}
