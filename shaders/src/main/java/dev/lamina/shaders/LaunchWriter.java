package dev.lamina.shaders;

import dev.lamina.backend.ActivationPlan;
import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.RopeSpec;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Value;
import dev.lamina.gguf.GgmlType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Writes the launches of one op after the other. */
final class LaunchWriter {
  /** A number that only programs with panels have. */
  static final String PANEL_ROWS = "PANEL_ROWS";

  private static final int ANY = Integer.MAX_VALUE;

  private final Limits limits;
  private final Parts parts;
  private final Tuning tuning;
  private final ActivationPlan activations;
  private final LaunchPlan.AttentionTiles tiles;
  private final StepData step;
  private final List<Launch> launches = new ArrayList<>();
  private Value planned;
  private long partialBytes;
  private long expertPlanBytes;

  LaunchWriter(
      Limits limits,
      Parts parts,
      Tuning tuning,
      ActivationPlan activations,
      LaunchPlan.AttentionTiles tiles,
      StepData step) {
    this.limits = limits;
    this.parts = parts;
    this.tuning = tuning;
    this.activations = activations;
    this.tiles = tiles;
    this.step = step;
  }

  List<Launch> launches() {
    return launches;
  }

  long partialBytes() {
    return partialBytes;
  }

  long expertPlanBytes() {
    return expertPlanBytes;
  }

  void write(Op op) {
    switch (op) {
      case Op.Embed o -> embed(o);
      case Op.MatMul o -> matMul(o);
      case Op.RmsNorm o -> rmsNorm(o);
      case Op.Rope o -> rope(o);
      case Op.KvStore o -> {
        store(o.kv(), o.kv().typeK(), o.kv().headDimK(), o.k(), new Region.Keys(o.kv()));
        store(o.kv(), o.kv().typeV(), o.kv().headDimV(), o.v(), new Region.Values(o.kv()));
      }
      case Op.Attention o -> attention(o);
      case Op.Gated o ->
          each(
              switch (o.activation()) {
                case SILU -> "gatedSilu";
                case GELU_TANH -> "gatedGelu";
              },
              o.out(),
              value(o.gate()),
              value(o.up()),
              value(o.out()));
      case Op.Add o -> each("add", o.out(), value(o.a()), value(o.b()), value(o.out()));
      case Op.Scale o ->
          each("scale", o.out(), value(o.in()), value(o.out()), new Arg.Real(o.factor()));
      case Op.SoftCap o ->
          each("softCap", o.out(), value(o.in()), value(o.out()), new Arg.Real(o.cap()));
      case Op.SigmoidGate o ->
          each("sigmoidGate", o.out(), value(o.gate()), value(o.in()), value(o.out()));
      case Op.SelectOutputs o ->
          each(
              "selectRows",
              o.out(),
              value(o.in()),
              memory(new Region.Step()),
              value(o.out()),
              new Arg.Int(step.outputRowsAt()));
      case Op.ExpertSum o ->
          each(
              "expertSum",
              o.out(),
              value(o.routing()),
              value(o.in()),
              value(o.out()),
              new Arg.Int(o.used()));
      case Op.Route o -> {
        Count rows = rows(o.out());
        rowGroups(
            vectors("route", 128),
            rows,
            1,
            value(o.logits()),
            value(o.out()),
            new Arg.Int(o.logits().width()),
            new Arg.Int(o.used()),
            new Arg.Int(o.normalise() ? 1 : 0),
            new Arg.Real(o.scale()));
      }
      case Op.ExpertMatMul o -> expertMatMul(o);
      case Op.Argmax o ->
          rowGroups(
              vectors("argmax", 256),
              rows(o.out()),
              1,
              value(o.in()),
              value(o.out()),
              new Arg.Int(o.in().width()));
    }
  }

  private void embed(Op.Embed op) {
    TensorSpec table = op.table();
    Kernel kernel = new Kernel(weightKey(table), "embed", 64, 1);
    int each = parts.each(table);
    for (int part = 0; part < parts.count(table); part++) {
      int first = part * each;
      add(
          kernel,
          Extent.fixed(Math.ceilDiv(table.cols(), 64 * 16)),
          Extent.of(Count.TOKENS, 1, 1),
          Count.TOKENS,
          1,
          ANY,
          memory(new Region.Weight(table, part)),
          memory(new Region.Table(table.type())),
          memory(new Region.Step()),
          value(op.out()),
          new Arg.Int(step.idsAt()),
          new Arg.Int(table.cols()),
          new Arg.Int(Math.min(each, table.rows() - first)),
          new Arg.Int(first));
    }
  }

  private void matMul(Op.MatMul op) {
    TensorSpec weight = op.weight();
    Count rows = rows(op.out());
    int most = limits.maxRows(op.out().rows());
    int each = parts.each(weight);
    for (int part = 0; part < parts.count(weight); part++) {
      int first = part * each;
      int partRows = Math.min(each, weight.rows() - first);
      Arg[] args = {
        memory(new Region.Weight(weight, part)),
        memory(new Region.Table(weight.type())),
        value(op.in()),
        value(op.out()),
        op.bias() == null ? value(op.in()) : memory(new Region.Vector(op.bias())),
        new Arg.Int(op.bias() == null ? 0 : 1),
        new Arg.Int(weight.cols()),
        new Arg.Int(partRows),
        new Arg.Int(first),
        new Arg.Int(weight.rows()),
        new Arg.Counted(rows)
      };
      add(
          matvec(weight, "matvec1"),
          matvecRows(partRows, 1),
          Extent.of(rows, 1, 1),
          rows,
          1,
          1,
          args);
      if (most > 1 && tuning.matvecTokens() > 1) {
        add(
            matvec(weight, "matvec" + LaunchPlan.TOKENS_TOGETHER),
            matvecRows(partRows, LaunchPlan.TOKENS_TOGETHER),
            Extent.of(rows, 1, LaunchPlan.TOKENS_TOGETHER),
            rows,
            2,
            tuning.matvecTokens(),
            args);
      }
      if (most > tuning.matvecTokens()) {
        add(
            matmul(weight, "matmul"),
            Extent.fixed(Math.ceilDiv(partRows, tuning.tileRows())),
            Extent.of(rows, 1, tuning.tileTokens()),
            rows,
            tuning.matvecTokens() + 1,
            ANY,
            args);
      }
    }
  }

  private void expertMatMul(Op.ExpertMatMul op) {
    TensorSpec weight = op.weight();
    Count rows = rows(op.out());
    int each = parts.each(weight);
    boolean tiled = limits.maxRows(op.out().rows()) > tuning.matvecTokens();
    int slots = limits.maxRows(op.out().rows()) * op.used();
    int mostTiles = slots / tuning.tileTokens() + weight.experts();
    int slotsAt = 1 + 3 * mostTiles;
    if (tiled && !op.routing().equals(planned)) {
      planned = op.routing();
      expertPlanBytes = Math.max(expertPlanBytes, (long) Integer.BYTES * (slotsAt + slots));
      add(
          vectors("expertPlan", 128),
          Extent.ONE,
          Extent.ONE,
          rows,
          tuning.matvecTokens() + 1,
          ANY,
          value(op.routing()),
          memory(new Region.ExpertPlan()),
          new Arg.Int(weight.experts()),
          new Arg.Int(op.used()),
          new Arg.Int(tuning.tileTokens()),
          new Arg.Int(slotsAt),
          new Arg.Counted(rows));
    }
    for (int part = 0; part < parts.count(weight); part++) {
      int first = part * each;
      Arg[] args = {
        memory(new Region.Weight(weight, part)),
        memory(new Region.Table(weight.type())),
        value(op.routing()),
        value(op.in()),
        value(op.out()),
        new Arg.Int(weight.cols()),
        new Arg.Int(weight.rows()),
        new Arg.Int(op.used()),
        new Arg.Int(op.in().width() == weight.cols() ? 0 : 1),
        new Arg.Int(first),
        new Arg.Int(Math.min(each, weight.experts() - first))
      };
      add(
          matvec(weight, "matvecExperts"),
          matvecRows(weight.rows(), 1),
          Extent.of(rows, op.used(), 1),
          rows,
          1,
          tuning.matvecTokens(),
          args);
      if (tiled) {
        Arg[] planned = args.clone();
        planned[2] = memory(new Region.ExpertPlan());
        add(
            matmul(weight, "matmulExperts"),
            Extent.fixed(Math.ceilDiv(weight.rows(), tuning.tileRows())),
            new Extent(rows, op.used(), tuning.tileTokens(), weight.experts()),
            rows,
            tuning.matvecTokens() + 1,
            ANY,
            planned);
      }
    }
  }

  private void rmsNorm(Op.RmsNorm op) {
    int width = op.gamma().cols();
    rowGroups(
        vectors("rmsNorm", 128),
        rows(op.out()),
        op.in().width() / width,
        value(op.in()),
        memory(new Region.Vector(op.gamma())),
        value(op.out()),
        new Arg.Real(op.eps()),
        new Arg.Int(width));
  }

  private void rope(Op.Rope op) {
    RopeSpec rope = op.rope();
    int heads = op.in().width() / rope.headDim();
    int pairs = rope.dims() / 2;
    add(
        vectors("rope", 256),
        Extent.of(Count.TOKENS, heads * (rope.headDim() - pairs), 256),
        Extent.ONE,
        Count.TOKENS,
        1,
        ANY,
        value(op.in()),
        memory(new Region.Turns(rope)),
        memory(new Region.Step()),
        value(op.out()),
        new Arg.Int(step.positionsAt()),
        new Arg.Int(rope.headDim()),
        new Arg.Int(pairs),
        new Arg.Int(
            switch (rope.pairing()) {
              case ADJACENT -> 1;
              case HALVES -> 0;
            }),
        new Arg.Real((float) rope.magnitude()),
        new Arg.Int(heads),
        new Arg.Counted(Count.TOKENS));
  }

  private void store(KvSpec kv, GgmlType type, int headDim, Value in, Region pages) {
    Kernel kernel =
        new Kernel(new ProgramKey(KernelUnit.STORE, type, null, Map.of()), "store", 64, 1);
    int units = kv.nHeadKv() * headDim / type.blockSize();
    add(
        kernel,
        Extent.of(Count.TOKENS, units, 64),
        Extent.ONE,
        Count.TOKENS,
        1,
        ANY,
        value(in),
        memory(new Region.Step()),
        memory(pages),
        new Arg.Int(step.positionsAt()),
        new Arg.Int(step.slotsAt()),
        new Arg.Int(step.tableAt(kv.group())),
        new Arg.Int(step.tableWidth(kv.group())),
        new Arg.Int(Integer.numberOfTrailingZeros(limits.pageSize())),
        new Arg.Int(kv.nHeadKv()),
        new Arg.Int(headDim),
        new Arg.Counted(Count.TOKENS));
  }

  private void attention(Op.Attention op) {
    KvSpec kv = op.kv();
    List<AttentionShape> shapes = AttentionShape.of(op, tuning);
    int ratio = op.nHead() / kv.nHeadKv();
    ProgramKey key =
        new ProgramKey(
            KernelUnit.ATTENTION,
            kv.typeK(),
            kv.typeV(),
            Map.of(
                "HEAD_K",
                kv.headDimK(),
                "HEAD_V",
                kv.headDimV(),
                "NARROW",
                shapes.getFirst().lanes(),
                "WIDE",
                shapes.getLast().lanes(),
                "ITEMS",
                tuning.attentionItems()));
    for (int i = 0; i < shapes.size(); i++) {
      AttentionShape shape = shapes.get(i);
      if (i > 0 && limits.maxTokens() == 1) {
        break;
      }
      launches.add(
          new Launch(
              new Kernel(key, "attention" + shape.lanes(), tuning.attentionItems(), 1),
              Extent.of(Count.tiles(tiles.list(shape)), 1, 1),
              Extent.fixed(kv.nHeadKv() * shape.headParts()),
              Extent.of(Count.SPLITS, 1, 1),
              List.of(
                  value(op.q()),
                  memory(new Region.Keys(kv)),
                  memory(new Region.Values(kv)),
                  memory(new Region.Step()),
                  value(op.out()),
                  memory(new Region.Partial()),
                  new Arg.Int(step.tilesAt(tiles.list(shape))),
                  new Arg.Int(step.positionsAt()),
                  new Arg.Int(step.slotsAt()),
                  new Arg.Int(step.tableAt(kv.group())),
                  new Arg.Int(step.tableWidth(kv.group())),
                  new Arg.Int(Integer.numberOfTrailingZeros(limits.pageSize())),
                  new Arg.Int(kv.nHeadKv()),
                  new Arg.Int(ratio),
                  new Arg.Int(shape.headsInTile()),
                  new Arg.Real(op.scale()),
                  new Arg.Int(op.window()),
                  new Arg.Real(op.softCap()),
                  new Arg.Counted(Count.SPLITS)),
              Count.LONGEST_RUN,
              i == 0 ? 1 : 2,
              i == 0 && shapes.size() > 1 ? 1 : ANY));
    }
    partialBytes =
        Math.max(
            partialBytes,
            (long) Float.BYTES
                * Math.min(limits.maxTokens(), StepData.SPLIT_TOKENS)
                * op.nHead()
                * StepData.MOST_SPLITS
                * (kv.headDimV() + 2));
    add(
        new Kernel(key, "attentionJoin", 64, 1),
        Extent.of(Count.TOKENS, op.nHead(), 1),
        Extent.ONE,
        Count.SPLITS,
        2,
        ANY,
        memory(new Region.Partial()),
        value(op.out()),
        new Arg.Counted(Count.SPLITS));
  }

  /** An op with an item for each value of its output; width and rows come last. */
  private void each(String entry, Value out, Arg... args) {
    Arg[] all = java.util.Arrays.copyOf(args, args.length + 2);
    all[args.length] = new Arg.Int(out.width());
    all[args.length + 1] = new Arg.Counted(rows(out));
    add(
        vectors(entry, 256),
        Extent.of(rows(out), out.width(), 256),
        Extent.ONE,
        rows(out),
        1,
        ANY,
        all);
  }

  /** An op with {@code groups} groups for each row. */
  private void rowGroups(Kernel kernel, Count rows, int groups, Arg... args) {
    add(kernel, Extent.of(rows, groups, 1), Extent.ONE, rows, 1, ANY, args);
  }

  private void add(Kernel kernel, Extent x, Extent y, Count when, int from, int to, Arg... args) {
    launches.add(new Launch(kernel, x, y, Extent.ONE, List.of(args), when, from, to));
  }

  private static Kernel vectors(String entry, int items) {
    return new Kernel(new ProgramKey(KernelUnit.VECTORS, null, null, Map.of()), entry, items, 1);
  }

  private Kernel matvec(TensorSpec weight, String entry) {
    return new Kernel(weightKey(weight), entry, tuning.lanes(), tuning.teams());
  }

  private int matvecRowsOfTeam(int tokens) {
    return tokens == 1 ? tuning.rows() : 1;
  }

  private Extent matvecRows(int rows, int tokens) {
    return Extent.fixed(Math.ceilDiv(rows, tuning.teams() * matvecRowsOfTeam(tokens)));
  }

  private Kernel matmul(TensorSpec weight, String entry) {
    return switch (tuning.products()) {
      case GROUPS -> new Kernel(weightKey(weight), entry, 8, tuning.tileTokens() / 4);
      case PANELS -> new Kernel(weightKey(weight), entry, 1, 1);
    };
  }

  private ProgramKey weightKey(TensorSpec weight) {
    return weightKey(weight.type(), tuning);
  }

  /** The program with all kernels for a type of weights. */
  static ProgramKey weightKey(GgmlType type, Tuning tuning) {
    Map<String, Integer> defines =
        switch (tuning.products()) {
          case GROUPS ->
              Map.of(
                  "LANES",
                  tuning.lanes(),
                  "TEAMS",
                  tuning.teams(),
                  "ROWS",
                  tuning.rows(),
                  "TILE_TOKENS",
                  tuning.tileTokens());
          case PANELS -> Map.of(PANEL_ROWS, tuning.rows(), "TILE_TOKENS", tuning.tileTokens());
        };
    return new ProgramKey(KernelUnit.WEIGHT, type, null, defines);
  }

  private Arg value(Value value) {
    return memory(new Region.Slot(activations.slot(value)));
  }

  private static Arg memory(Region region) {
    return new Arg.Memory(region);
  }

  private static Count rows(Value value) {
    return switch (value.rows()) {
      case TOKENS -> Count.TOKENS;
      case OUTPUTS -> Count.OUTPUTS;
    };
  }
}
