package dev.lamina.shaders;

import static dev.lamina.shaders.LaunchList.ANY;
import static dev.lamina.shaders.LaunchList.memory;
import static dev.lamina.shaders.LaunchList.rows;
import static dev.lamina.shaders.LaunchList.vectors;

import dev.lamina.backend.ActivationPlan;
import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.RopeSpec;
import dev.lamina.backend.Value;
import dev.lamina.gguf.GgmlType;
import java.util.List;
import java.util.Map;

/** Writes the launches of one op after the other. */
final class LaunchWriter {
  private final Limits limits;
  private final Tuning tuning;
  private final LaunchPlan.AttentionTiles tiles;
  private final StepData step;
  private final LaunchList list;
  private final WeightWriter weights;
  private long partialBytes;

  LaunchWriter(
      Limits limits,
      Parts parts,
      Tuning tuning,
      ActivationPlan activations,
      LaunchPlan.AttentionTiles tiles,
      StepData step) {
    this.limits = limits;
    this.tuning = tuning;
    this.tiles = tiles;
    this.step = step;
    list = new LaunchList(activations);
    weights = new WeightWriter(limits, parts, tuning, step, list);
  }

  List<Launch> launches() {
    return list.launches();
  }

  long partialBytes() {
    return partialBytes;
  }

  long expertPlanBytes() {
    return weights.expertPlanBytes();
  }

  void write(Op op) {
    switch (op) {
      case Op.Embed o -> weights.embed(o);
      case Op.MatMul o -> weights.matMul(o);
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
              list.value(o.gate()),
              list.value(o.up()),
              list.value(o.out()));
      case Op.Add o ->
          each("add", o.out(), list.value(o.a()), list.value(o.b()), list.value(o.out()));
      case Op.Scale o ->
          each("scale", o.out(), list.value(o.in()), list.value(o.out()), new Arg.Real(o.factor()));
      case Op.SoftCap o ->
          each("softCap", o.out(), list.value(o.in()), list.value(o.out()), new Arg.Real(o.cap()));
      case Op.SigmoidGate o ->
          each(
              "sigmoidGate",
              o.out(),
              list.value(o.gate()),
              list.value(o.in()),
              list.value(o.out()));
      case Op.SelectOutputs o ->
          each(
              "selectRows",
              o.out(),
              list.value(o.in()),
              memory(new Region.Step()),
              list.value(o.out()),
              new Arg.Int(step.outputRowsAt()));
      case Op.ExpertSum o ->
          each(
              "expertSum",
              o.out(),
              list.value(o.routing()),
              list.value(o.in()),
              list.value(o.out()),
              new Arg.Int(o.used()));
      case Op.Route o -> {
        Count rows = rows(o.out());
        rowGroups(
            vectors("route", 128),
            rows,
            1,
            list.value(o.logits()),
            list.value(o.out()),
            new Arg.Int(o.logits().width()),
            new Arg.Int(o.used()),
            new Arg.Int(o.normalise() ? 1 : 0),
            new Arg.Real(o.scale()));
      }
      case Op.ExpertMatMul o -> weights.expertMatMul(o);
      case Op.Argmax o ->
          rowGroups(
              vectors("argmax", 256),
              rows(o.out()),
              1,
              list.value(o.in()),
              list.value(o.out()),
              new Arg.Int(o.in().width()));
    }
  }

  private void rmsNorm(Op.RmsNorm op) {
    int width = op.gamma().cols();
    rowGroups(
        vectors("rmsNorm", 128),
        rows(op.out()),
        op.in().width() / width,
        list.value(op.in()),
        memory(new Region.Vector(op.gamma())),
        list.value(op.out()),
        new Arg.Real(op.eps()),
        new Arg.Int(width));
  }

  private void rope(Op.Rope op) {
    RopeSpec rope = op.rope();
    int heads = op.in().width() / rope.headDim();
    int pairs = rope.dims() / 2;
    list.add(
        vectors("rope", 256),
        Extent.of(Count.TOKENS, heads * (rope.headDim() - pairs), 256),
        Extent.ONE,
        Count.TOKENS,
        1,
        ANY,
        list.value(op.in()),
        memory(new Region.Turns(rope)),
        memory(new Region.Step()),
        list.value(op.out()),
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
    list.add(
        kernel,
        Extent.of(Count.TOKENS, units, 64),
        Extent.ONE,
        Count.TOKENS,
        1,
        ANY,
        list.value(in),
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
      list.add(
          new Launch(
              new Kernel(key, "attention" + shape.lanes(), tuning.attentionItems(), 1),
              Extent.of(Count.tiles(tiles.list(shape)), 1, 1),
              Extent.fixed(kv.nHeadKv() * shape.headParts()),
              Extent.of(Count.SPLITS, 1, 1),
              List.of(
                  list.value(op.q()),
                  memory(new Region.Keys(kv)),
                  memory(new Region.Values(kv)),
                  memory(new Region.Step()),
                  list.value(op.out()),
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
    list.add(
        new Kernel(key, "attentionJoin", 64, 1),
        Extent.of(Count.TOKENS, op.nHead(), 1),
        Extent.ONE,
        Count.SPLITS,
        2,
        ANY,
        memory(new Region.Partial()),
        list.value(op.out()),
        new Arg.Counted(Count.SPLITS));
  }

  /** An op with an item for each value of its output; width and rows come last. */
  private void each(String entry, Value out, Arg... args) {
    Arg[] all = java.util.Arrays.copyOf(args, args.length + 2);
    all[args.length] = new Arg.Int(out.width());
    all[args.length + 1] = new Arg.Counted(rows(out));
    list.add(
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
    list.add(kernel, Extent.of(rows, groups, 1), Extent.ONE, rows, 1, ANY, args);
  }
}
