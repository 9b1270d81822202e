package dev.lamina.vulkan;

import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Value;
import dev.lamina.vulkan.Pipelines.Kernel;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lwjgl.vulkan.VkCommandBuffer;

/** Records the kernels of a graph's ops, with a barrier where one reads what another wrote. */
final class Recorder {
  private static final int WORKGROUP = Dispatches.WORKGROUP;

  /** Scratch memory that barriers must know of, beside slots of values and pages. */
  private enum Scratch {
    PARTIAL
  }

  private final Abilities abilities;
  private final Map<TensorSpec, VulkanWeight> weights;
  private final Limits limits;
  private final ProgramMemory memory;
  private final Recording.Size size;
  private final VkCommandBuffer commands;
  private final Places places;
  private final Dispatches dispatches;
  private final ProductRecorder products;
  private final int[] tokensPerTile;

  Recorder(
      VulkanDevice device,
      Map<TensorSpec, VulkanWeight> weights,
      Limits limits,
      ProgramMemory memory,
      Recording.Size size,
      VkCommandBuffer commands) {
    abilities = device.abilities();
    this.weights = weights;
    this.limits = limits;
    this.memory = memory;
    this.size = size;
    this.commands = commands;
    places = new Places(memory, size);
    dispatches = new Dispatches(device.pipelines(), commands);
    products = new ProductRecorder(abilities, weights, places, dispatches);
    tokensPerTile = new int[memory.tileLists()];
  }

  /**
   * Records the step's data, then all ops, then copies of results to the host.
   *
   * @param mirrors values, their mirrors and how many bytes of them are copied
   */
  Recording record(List<Op> ops, List<Mirror> mirrors) {
    dispatches.copy(memory.hostStep(), memory.step(), memory.stepLayout().bytes());
    dispatches.barrier();
    for (Op op : ops) {
      Value out = op.output();
      if (out == null || rows(out) > 0) {
        record(op);
      }
    }
    if (!mirrors.isEmpty()) {
      dispatches.barrier();
      mirrors.forEach(mirror -> dispatches.copy(mirror.from, mirror.to, mirror.bytes));
    }
    return new Recording(commands, tokensPerTile, dispatches.count());
  }

  /** A result that is copied to the host. */
  record Mirror(Memory from, Memory to, long bytes) {}

  private int rows(Value value) {
    return places.rows(value);
  }

  private long count(Value value) {
    return places.count(value);
  }

  private long address(Value value) {
    return places.address(value);
  }

  private Object slot(Value value) {
    return places.slot(value);
  }

  private void order(List<Object> reads, List<Object> writes) {
    dispatches.order(reads, writes);
  }

  private void record(Op op) {
    switch (op) {
      case Op.Embed o -> embed(o);
      case Op.MatMul o -> products.matMul(o);
      case Op.ExpertMatMul o -> products.expertMatMul(o);
      case Op.RmsNorm o -> rmsNorm(o);
      case Op.Rope o -> rope(o);
      case Op.KvStore o -> kvStore(o);
      case Op.Attention o -> attention(o);
      case Op.Gated o ->
          elementwise(
              switch (o.activation()) {
                case SILU -> 3;
                case GELU_TANH -> 4;
              },
              o.gate(),
              o.up(),
              o.out(),
              0);
      case Op.Add o -> elementwise(0, o.a(), o.b(), o.out(), 0);
      case Op.Scale o -> elementwise(1, o.in(), o.in(), o.out(), o.factor());
      case Op.SoftCap o -> elementwise(2, o.in(), o.in(), o.out(), o.cap());
      case Op.SigmoidGate o -> elementwise(5, o.in(), o.gate(), o.out(), 0);
      case Op.SelectOutputs o -> {
        order(List.of(slot(o.in())), List.of(slot(o.out())));
        dispatches.stride(
            Kernel.of("select", WORKGROUP),
            new Arguments()
                .address(
                    address(o.in()),
                    address(o.out()),
                    count(o.out()),
                    places.step(memory.stepLayout().outputRowsAt()))
                .number(o.in().width()),
            (long) rows(o.out()) * o.in().width());
      }
      case Op.Route o -> {
        order(List.of(slot(o.logits())), List.of(slot(o.out())));
        dispatches.each(
            Kernel.of("route", 64, o.logits().width()),
            new Arguments()
                .address(address(o.logits()), address(o.out()), count(o.out()))
                .number(o.used())
                .flag(o.normalise())
                .real(o.scale()),
            rows(o.out()));
      }
      case Op.ExpertSum o -> {
        order(List.of(slot(o.routing()), slot(o.in())), List.of(slot(o.out())));
        dispatches.stride(
            Kernel.of("expert_sum", WORKGROUP),
            new Arguments()
                .address(address(o.routing()), address(o.in()), address(o.out()), count(o.out()))
                .number(o.out().width(), o.used()),
            (long) rows(o.out()) * o.out().width());
      }
      case Op.Argmax o -> {
        order(List.of(slot(o.in())), List.of(slot(o.out())));
        dispatches.each(
            Kernel.of("argmax", WORKGROUP),
            new Arguments()
                .address(address(o.in()), address(o.out()), count(o.out()))
                .number(o.in().width()),
            rows(o.out()));
      }
    }
  }

  private static String typeOf(TensorSpec spec) {
    return spec.type().name().toLowerCase(Locale.ROOT);
  }

  private void embed(Op.Embed o) {
    order(List.of(), List.of(slot(o.out())));
    VulkanWeight table = weights.get(o.table());
    int blocks = table.layout().blocksOfRow();
    dispatches.stride(
        Kernel.of("embed_" + typeOf(o.table()), WORKGROUP),
        new Arguments()
            .address(
                table.address(),
                table.scaleAddress(),
                address(o.out()),
                count(o.out()),
                places.step(memory.stepLayout().idsAt()))
            .number(o.table().cols(), blocks, o.table().rows()),
        (long) rows(o.out()) * (o.table().cols() / 16 + 1));
  }

  private void elementwise(int number, Value a, Value b, Value out, float factor) {
    order(List.of(slot(a), slot(b)), List.of(slot(out)));
    dispatches.stride(
        Kernel.of("elementwise", WORKGROUP, number),
        new Arguments()
            .address(address(a), address(b), address(out), count(out))
            .number(out.width())
            .real(factor),
        (long) rows(out) * out.width());
  }

  private void rmsNorm(Op.RmsNorm o) {
    order(List.of(slot(o.in())), List.of(slot(o.out())));
    int width = o.gamma().cols();
    int groups = o.in().width() / width;
    int workgroup = width >= 1024 ? 256 : width >= 256 ? 128 : 64;
    dispatches.each(
        Kernel.of("rms_norm", Math.min(workgroup, DeviceFacts.INVOCATIONS)),
        new Arguments()
            .address(
                address(o.in()), weights.get(o.gamma()).address(), address(o.out()), count(o.out()))
            .number(width, groups)
            .real(o.eps()),
        (long) rows(o.out()) * groups);
  }

  private void rope(Op.Rope o) {
    order(List.of(slot(o.in())), List.of(slot(o.out())));
    boolean halves =
        switch (o.rope().pairing()) {
          case HALVES -> true;
          case ADJACENT -> false;
        };
    int heads = o.in().width() / o.rope().headDim();
    dispatches.stride(
        Kernel.of("rope", WORKGROUP, halves ? 1 : 0),
        new Arguments()
            .address(
                address(o.in()),
                address(o.out()),
                count(o.out()),
                places.step(memory.stepLayout().positionsAt()),
                memory.turns(o.rope()).address())
            .number(o.rope().headDim(), o.rope().dims(), heads)
            .real((float) o.rope().magnitude()),
        (long) rows(o.out()) * heads * (o.rope().headDim() - o.rope().dims() / 2));
  }

  private void kvStore(Op.KvStore o) {
    KvSpec kv = o.kv();
    KvMemory pages = memory.of(kv);
    order(List.of(slot(o.k()), slot(o.v())), List.of(pages));
    store(
        kv,
        AttentionShape.typeNumber(kv.typeK()),
        kv.headDimK(),
        o.k(),
        pages.keys(),
        pages.keyScales());
    store(
        kv,
        AttentionShape.typeNumber(kv.typeV()),
        kv.headDimV(),
        o.v(),
        pages.values(),
        pages.valueScales());
  }

  private void store(KvSpec kv, int type, int width, Value in, Memory rows, Memory scales) {
    StepLayout step = memory.stepLayout();
    dispatches.stride(
        Kernel.of("kv_store", WORKGROUP, type, width, limits.pageSize()),
        new Arguments()
            .address(address(in), rows.address(), scales.address(), memory.step().address())
            .number(
                step.positionsAt(),
                step.slotsAt(),
                step.pagesAt(kv.group()),
                limits.groups().get(kv.group()).maxPagesPerSequence(),
                kv.nHeadKv()),
        (long) rows(in) * kv.nHeadKv() * (width / 16 + 1));
  }

  private void attention(Op.Attention o) {
    KvSpec kv = o.kv();
    KvMemory pages = memory.of(kv);
    AttentionShape shape = AttentionShape.of(o, size.tokens(), abilities.sharedMemory());
    int list = memory.tileList(o);
    tokensPerTile[list] = shape.tokensPerTile();
    int ratio = o.nHead() / kv.nHeadKv();
    int tiles = shape.tiles(size.tokens(), limits.maxSequences());
    int heads = kv.nHeadKv() * ((ratio + shape.heads() - 1) / shape.heads());
    int splits = AttentionShape.splits(o, tiles * heads, size.lengthClass());
    order(
        List.of(slot(o.q()), pages),
        splits == 1 ? List.of(slot(o.out())) : List.of(Scratch.PARTIAL));
    StepLayout step = memory.stepLayout();
    dispatches.dispatch(
        Kernel.of(
            "attention",
            shape.workgroup(),
            kv.headDimK(),
            kv.headDimV(),
            AttentionShape.typeNumber(kv.typeK()),
            AttentionShape.typeNumber(kv.typeV()),
            limits.pageSize(),
            shape.rows(),
            shape.columns(),
            shape.heads(),
            shape.rowGroups(),
            shape.columnGroups(),
            shape.quads()),
        new Arguments()
            .address(
                address(o.q()),
                address(o.out()),
                memory.partial().address(),
                pages.keys().address(),
                pages.keyScales().address(),
                pages.values().address(),
                pages.valueScales().address(),
                memory.step().address())
            .number(
                step.tilesAt(list),
                step.positionsAt(),
                step.slotsAt(),
                step.pagesAt(kv.group()),
                limits.groups().get(kv.group()).maxPagesPerSequence(),
                o.nHead(),
                ratio,
                o.window())
            .real(o.scale())
            .real(o.softCap()),
        tiles,
        heads,
        splits);
    if (splits > 1) {
      order(List.of(Scratch.PARTIAL), List.of(slot(o.out())));
      dispatches.stride(
          Kernel.of("attention_join", WORKGROUP, kv.headDimV()),
          new Arguments()
              .address(memory.partial().address(), address(o.out()), count(o.out()))
              .number(o.nHead(), splits),
          (long) rows(o.out()) * o.nHead() * AttentionShape.padded(kv.headDimV()) / 4);
    }
  }
}
