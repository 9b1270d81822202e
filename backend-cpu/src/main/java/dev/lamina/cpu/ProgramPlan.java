package dev.lamina.cpu;

import dev.lamina.backend.Graph;
import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.Output;
import dev.lamina.backend.RopeSpec;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Value;
import dev.lamina.cpu.attention.StoreCode;
import dev.lamina.cpu.format.Preparation;
import dev.lamina.cpu.kernel.AttentionKernel;
import dev.lamina.cpu.kernel.CodeAttentionKernel;
import dev.lamina.cpu.kernel.EmbedKernel;
import dev.lamina.cpu.kernel.ExpertGroups;
import dev.lamina.cpu.kernel.ExpertMatMulKernel;
import dev.lamina.cpu.kernel.ExpertPackKernel;
import dev.lamina.cpu.kernel.Kernel;
import dev.lamina.cpu.kernel.KvMemory;
import dev.lamina.cpu.kernel.KvStoreKernel;
import dev.lamina.cpu.kernel.MatMulKernel;
import dev.lamina.cpu.kernel.Matrix;
import dev.lamina.cpu.kernel.PackKernel;
import dev.lamina.cpu.kernel.PanelExpertKernel;
import dev.lamina.cpu.kernel.PanelExpertQuantizeKernel;
import dev.lamina.cpu.kernel.PanelMatMulKernel;
import dev.lamina.cpu.kernel.Place;
import dev.lamina.cpu.kernel.PointwiseKernel;
import dev.lamina.cpu.kernel.PrepareKernel;
import dev.lamina.cpu.kernel.QuantizeKernel;
import dev.lamina.cpu.kernel.RmsNormKernel;
import dev.lamina.cpu.kernel.RopeKernel;
import dev.lamina.cpu.kernel.RopeTableKernel;
import dev.lamina.cpu.kernel.RoutingKernels;
import dev.lamina.cpu.kernel.RowKernels;
import dev.lamina.cpu.kernel.TieredKernel;
import dev.lamina.cpu.panel.InputFormat;
import dev.lamina.cpu.panel.PanelCode;
import dev.lamina.cpu.plain.PlainKernels;
import dev.lamina.cpu.pointwise.NormCode;
import dev.lamina.cpu.pointwise.PointwiseCode;
import dev.lamina.cpu.pointwise.RopeCode;
import dev.lamina.cpu.simd.Panels;
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

  private record Prepared(Preparation preparation, int value) {}

  private record Rounded(InputFormat format, int value) {}

  private record ExpertRounded(InputFormat format, ExpertInput input) {}

  private record Groups(int routing, int experts) {}

  private record ExpertInput(int routing, int value, int cols) {}

  private final Graph graph;
  private final Limits limits;
  private final Source source;
  private final PanelCode code;
  private final boolean plain;
  private final Profile profile;
  private final List<Node> nodes = new ArrayList<>();
  private final List<Place> places = new ArrayList<>();
  private final Map<Place, Integer> written = new HashMap<>();
  private final Map<Place, Integer> lastRead = new HashMap<>();
  private final Map<Integer, Place> values = new HashMap<>();
  private final Map<KvSpec, Place> stored = new HashMap<>();
  private final Map<Prepared, Place> prepared = new HashMap<>();
  private final Map<Rounded, Place> rounded = new HashMap<>();
  private final Map<ExpertRounded, Place> expertRounded = new HashMap<>();
  private final Map<Integer, Place> packed = new HashMap<>();
  private final Map<ExpertInput, Place> expertPacked = new HashMap<>();
  private final Map<Groups, ExpertGroups> groups = new HashMap<>();
  private final Map<Groups, Place> sorted = new HashMap<>();
  private final Map<RopeSpec, Place> ropeTables = new HashMap<>();
  private final Map<Object, Set<Op>> users = new HashMap<>();
  private final Set<Integer> kept = new HashSet<>();

  /**
   * @param code multiplies with panels; null where no weight lies in them
   * @param plain whether steps may be asked for in plain form
   * @param profile takes the kernels' times; null where nobody wants them
   */
  ProgramPlan(
      Graph graph, Limits limits, Source source, PanelCode code, boolean plain, Profile profile) {
    this.graph = graph;
    this.profile = profile;
    this.plain = plain;
    this.limits = limits;
    this.source = source;
    this.code = code;
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

  private Place fresh(long bytes, boolean pinned) {
    Place place = new Place(bytes, pinned);
    places.add(place);
    return place;
  }

  /** Gives every place its offset; returns the bytes of all. */
  long layOut() {
    return new MemoryPlan(places, written, lastRead).bytes();
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
  private void node(Kernel kernel, Op op, List<Place> reads, Place writes) {
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
  private void helper(Kernel kernel, Object key, List<Place> reads, Place writes) {
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
  private Kernel simdOnly(Kernel kernel) {
    return plain ? new TieredKernel(kernel, null) : kernel;
  }

  private void uses(Object key, Op op) {
    users.computeIfAbsent(key, k -> new HashSet<>()).add(op);
  }

  private void add(Op op) {
    switch (op) {
      case Op.Embed o ->
          node(
              new EmbedKernel(source.matrix(o.table()), place(o.out()), code != null),
              op,
              List.of(),
              place(o.out()));
      case Op.MatMul o -> matMul(o);
      case Op.RmsNorm o ->
          node(
              new RmsNormKernel(
                  source.vector(o.gamma()),
                  o.gamma().cols(),
                  o.eps(),
                  o.in(),
                  place(o.in()),
                  place(o.out()),
                  code == null ? null : NormCode.of(code.isa(), o.gamma().cols())),
              op,
              List.of(place(o.in())),
              place(o.out()));
      case Op.Rope o -> {
        Place table = ropeTable(o);
        node(
            new RopeKernel(
                o.rope(),
                o.in().width(),
                table,
                place(o.in()),
                place(o.out()),
                code == null ? null : RopeCode.of(o.rope())),
            op,
            List.of(table, place(o.in())),
            place(o.out()));
      }
      case Op.KvStore o -> {
        Place pages = stored.computeIfAbsent(o.kv(), kv -> fresh(0, true));
        node(
            new KvStoreKernel(
                source.kv(o.kv()),
                place(o.k()),
                place(o.v()),
                code == null ? null : new StoreCode()),
            op,
            List.of(place(o.k()), place(o.v())),
            pages);
      }
      case Op.Attention o -> attention(o);
      case Op.Gated o ->
          node(
              code == null
                  ? PointwiseKernel.gated(
                      o.out(), o.activation(), place(o.gate()), place(o.up()), place(o.out()))
                  : PointwiseKernel.coded(
                      o.out(),
                      PointwiseCode.gated(code.isa(), o.activation()),
                      place(o.gate()),
                      place(o.up()),
                      place(o.out())),
              op,
              List.of(place(o.gate()), place(o.up())),
              place(o.out()));
      case Op.Add o ->
          node(
              code == null
                  ? PointwiseKernel.add(o.out(), place(o.a()), place(o.b()), place(o.out()))
                  : PointwiseKernel.coded(
                      o.out(),
                      PointwiseCode.add(code.isa()),
                      place(o.a()),
                      place(o.b()),
                      place(o.out())),
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
      case Op.ExpertMatMul o -> expertMatMul(o);
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
    List<Place> reads = List.of(place(op.q()), stored.get(op.kv()));
    KvMemory pages = source.kv(op.kv());
    if (code == null || !CodeAttentionKernel.covers(code.isa(), op, limits.pageSize())) {
      node(
          new AttentionKernel(op, pages, place(op.q()), place(op.out())),
          op,
          reads,
          place(op.out()));
      return;
    }
    Place partials = fresh(CodeAttentionKernel.partialBytes(op), false);
    node(
        new CodeAttentionKernel(code.isa(), op, pages, place(op.q()), place(op.out()), partials),
        op,
        reads,
        place(op.out()));
    written.put(partials, written.get(place(op.out())));
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

  private void matMul(Op.MatMul op) {
    Matrix weight = source.matrix(op.weight());
    int maxRows = limits.maxRows(op.in().rows());
    Place in = place(op.in());
    List<Place> reads = new ArrayList<>(List.of(in));
    long bias = op.bias() == null ? 0 : source.vector(op.bias());
    if (weight.panels() != null) {
      Place rounded = rounded(op, weight.panels().input(), maxRows);
      node(
          new PanelMatMulKernel(code, weight, bias, op.in(), rounded, place(op.out())),
          op,
          List.of(rounded),
          place(op.out()));
      return;
    }
    Preparation preparation = weight.format().preparation();
    Place aside = null;
    if (preparation != null) {
      Prepared key = new Prepared(preparation, op.in().id());
      aside = prepared.get(key);
      if (aside == null) {
        int rows = Math.min(maxRows, MatMulKernel.TILED_FROM - 1);
        aside = fresh(preparation.bytes(op.in().width()) * rows, false);
        prepared.put(key, aside);
        Kernel prepare = new PrepareKernel(preparation, op.in(), in, aside);
        helper(simdOnly(prepare), key, List.of(in), aside);
      }
      uses(key, op);
      reads.add(aside);
    }
    Place panels = null;
    if (maxRows >= MatMulKernel.TILED_FROM) {
      panels = packed.get(op.in().id());
      if (panels == null) {
        panels = fresh(Panels.bytes(maxRows, op.in().width()), false);
        packed.put(op.in().id(), panels);
        helper(simdOnly(new PackKernel(op.in(), in, panels)), panels, List.of(in), panels);
      }
      uses(panels, op);
      reads.add(panels);
    }
    node(
        new MatMulKernel(weight, bias, op.in(), in, aside, panels, place(op.out()), maxRows),
        op,
        reads,
        place(op.out()));
  }

  /** The rounded rows that a product with panels reads. */
  private Place rounded(Op.MatMul op, InputFormat format, int maxRows) {
    Rounded key = new Rounded(format, op.in().id());
    Place rounded = this.rounded.get(key);
    if (rounded == null) {
      Place in = place(op.in());
      rounded = fresh(format.rowBytes(op.in().width()) * maxRows, false);
      this.rounded.put(key, rounded);
      helper(new QuantizeKernel(code, format, op.in(), in, rounded), key, List.of(in), rounded);
    }
    uses(key, op);
    return rounded;
  }

  private void expertMatMul(Op.ExpertMatMul op) {
    Matrix weight = source.matrix(op.weight());
    int maxRows = limits.maxRows(op.in().rows());
    boolean perSlot = op.in().width() != op.weight().cols();
    Place routing = place(op.routing());
    Place in = place(op.in());
    Groups key = new Groups(op.routing().id(), op.weight().experts());
    ExpertGroups sharing = groups.get(key);
    if (sharing == null) {
      sharing = new ExpertGroups(op.routing(), routing, op.weight().experts(), maxRows);
      groups.put(key, sharing);
      sorted.put(key, fresh(0, true));
      helper(sharing.kernel(), key, List.of(routing), sorted.get(key));
    }
    uses(key, op);
    List<Place> reads = new ArrayList<>(List.of(routing, in, sorted.get(key)));
    if (weight.panels() != null) {
      Place rounded = null;
      if (maxRows >= MatMulKernel.TILED_FROM) {
        rounded = expertRounded(op, weight.panels().input(), sharing, perSlot, sorted.get(key));
        reads.add(rounded);
      }
      node(
          new PanelExpertKernel(code, weight, sharing, perSlot, in, rounded, place(op.out())),
          op,
          reads,
          place(op.out()));
      return;
    }
    Place panels = null;
    if (maxRows >= MatMulKernel.TILED_FROM) {
      ExpertInput input = new ExpertInput(op.routing().id(), op.in().id(), op.weight().cols());
      panels = expertPacked.get(input);
      if (panels == null) {
        panels =
            fresh(
                ExpertPackKernel.bytes(
                    maxRows, op.used(), op.weight().experts(), op.weight().cols()),
                false);
        expertPacked.put(input, panels);
        helper(
            new ExpertPackKernel(sharing, op.weight().cols(), perSlot, in, panels),
            input,
            List.of(in, sorted.get(key)),
            panels);
      }
      uses(input, op);
      reads.add(panels);
    }
    node(
        new ExpertMatMulKernel(weight, sharing, perSlot, in, panels, place(op.out()), maxRows),
        op,
        reads,
        place(op.out()));
  }

  private Place expertRounded(
      Op.ExpertMatMul op, InputFormat format, ExpertGroups sharing, boolean perSlot, Place order) {
    int cols = op.weight().cols();
    ExpertRounded key =
        new ExpertRounded(format, new ExpertInput(op.routing().id(), op.in().id(), cols));
    Place rounded = expertRounded.get(key);
    if (rounded == null) {
      Place in = place(op.in());
      int maxSlots = limits.maxRows(op.in().rows()) * op.used();
      rounded = fresh(format.rowBytes(cols) * maxSlots, false);
      expertRounded.put(key, rounded);
      helper(
          new PanelExpertQuantizeKernel(code, format, sharing, cols, perSlot, in, rounded),
          key,
          List.of(in, order),
          rounded);
    }
    uses(key, op);
    return rounded;
  }
}
