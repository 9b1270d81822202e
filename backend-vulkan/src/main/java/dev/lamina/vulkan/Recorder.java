package dev.lamina.vulkan;

import static org.lwjgl.vulkan.VK10.VK_PIPELINE_BIND_POINT_COMPUTE;
import static org.lwjgl.vulkan.VK10.VK_SHADER_STAGE_COMPUTE_BIT;
import static org.lwjgl.vulkan.VK10.vkCmdBindPipeline;
import static org.lwjgl.vulkan.VK10.vkCmdCopyBuffer;
import static org.lwjgl.vulkan.VK10.vkCmdDispatch;
import static org.lwjgl.vulkan.VK10.vkCmdPushConstants;

import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Value;
import dev.lamina.vulkan.Pipelines.Kernel;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkBufferCopy;
import org.lwjgl.vulkan.VkCommandBuffer;

/** Records the kernels of a graph's ops, with a barrier where one reads what another wrote. */
final class Recorder {
  private static final int WORKGROUP = 128;
  private static final int MOST_GROUPS = 65535;

  /** Workgroups of kernels that walk over their data in strides. */
  private static final int STRIDING_GROUPS = 2048;

  /** Scratch memory that barriers must know of, beside slots of values and pages. */
  private enum Scratch {
    PARTIAL,
    GROUPS,
    VECTORS
  }

  private final VulkanDevice device;
  private final Map<TensorSpec, VulkanWeight> weights;
  private final Limits limits;
  private final ProgramMemory memory;
  private final Recording.Size size;
  private final VkCommandBuffer commands;
  private final int[] tokensPerTile;

  /** What was read and written since the last barrier. */
  private final Set<Object> read = new HashSet<>();

  private final Set<Object> written = new HashSet<>();

  /** The router whose pairs the scratch memory has sorted now. */
  private Value grouped;

  /** What the scratch memory for vectors has now. */
  private Vectors vectors;

  private int dispatches;

  Recorder(
      VulkanDevice device,
      Map<TensorSpec, VulkanWeight> weights,
      Limits limits,
      ProgramMemory memory,
      Recording.Size size,
      VkCommandBuffer commands) {
    this.device = device;
    this.weights = weights;
    this.limits = limits;
    this.memory = memory;
    this.size = size;
    this.commands = commands;
    tokensPerTile = new int[memory.tileLists()];
  }

  /**
   * Records the step's data, then all ops, then copies of results to the host.
   *
   * @param mirrors values, their mirrors and how many bytes of them are copied
   */
  Recording record(List<Op> ops, List<Mirror> mirrors) {
    copy(memory.hostStep(), memory.step(), memory.stepLayout().bytes());
    CommandQueue.barrier(commands);
    for (Op op : ops) {
      Value out = op.output();
      if (out == null || rows(out) > 0) {
        record(op);
      }
    }
    if (!mirrors.isEmpty()) {
      CommandQueue.barrier(commands);
      mirrors.forEach(mirror -> copy(mirror.from, mirror.to, mirror.bytes));
    }
    return new Recording(commands, tokensPerTile, dispatches);
  }

  /** A result that is copied to the host. */
  record Mirror(Memory from, Memory to, long bytes) {}

  private void copy(Memory from, Memory to, long bytes) {
    try (MemoryStack stack = MemoryStack.stackPush()) {
      vkCmdCopyBuffer(
          commands, from.handle(), to.handle(), VkBufferCopy.calloc(1, stack).size(bytes));
    }
  }

  private int rows(Value value) {
    return switch (value.rows()) {
      case TOKENS -> size.tokens();
      case OUTPUTS -> size.outputs();
    };
  }

  /** Where kernels find how many rows a value has. */
  private long count(Value value) {
    return switch (value.rows()) {
      case TOKENS -> memory.step().address();
      case OUTPUTS -> memory.step().address() + 4;
    };
  }

  private long address(Value value) {
    return memory.of(value).address();
  }

  private Object slot(Value value) {
    return memory.slot(value);
  }

  private long stepAddress(int word) {
    return memory.step().address() + 4L * word;
  }

  /** Orders this op behind those that it depends on. */
  private void order(List<Object> reads, List<Object> writes) {
    boolean wait =
        reads.stream().anyMatch(written::contains)
            || writes.stream().anyMatch(w -> written.contains(w) || read.contains(w));
    if (wait) {
      CommandQueue.kernelBarrier(commands);
      read.clear();
      written.clear();
    }
    read.addAll(reads);
    written.addAll(writes);
  }

  private void dispatch(Kernel kernel, Arguments arguments, long x, int y, int z) {
    vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, device.pipelines().get(kernel));
    vkCmdPushConstants(
        commands, device.pipelines().layout(), VK_SHADER_STAGE_COMPUTE_BIT, 0, arguments.bytes());
    vkCmdDispatch(commands, Math.toIntExact(x), y, z);
    dispatches++;
  }

  /** A kernel that walks over {@code total} elements in strides. */
  private void dispatch(Kernel kernel, Arguments arguments, long total) {
    long groups = Math.clamp((total + WORKGROUP - 1) / WORKGROUP, 1, STRIDING_GROUPS);
    dispatch(kernel, arguments, groups, 1, 1);
  }

  private void record(Op op) {
    switch (op) {
      case Op.Embed o -> embed(o);
      case Op.MatMul o -> matMul(o);
      case Op.ExpertMatMul o -> expertMatMul(o);
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
        dispatch(
            Kernel.of("select", WORKGROUP),
            new Arguments()
                .address(
                    address(o.in()),
                    address(o.out()),
                    count(o.out()),
                    stepAddress(memory.stepLayout().outputRowsAt()))
                .number(o.in().width()),
            (long) rows(o.out()) * o.in().width());
      }
      case Op.Route o -> {
        order(List.of(slot(o.logits())), List.of(slot(o.out())));
        grouped = null;
        dispatch(
            Kernel.of("route", 64, o.logits().width()),
            new Arguments()
                .address(address(o.logits()), address(o.out()), count(o.out()))
                .number(o.used())
                .flag(o.normalise())
                .real(o.scale()),
            Math.min(rows(o.out()), MOST_GROUPS),
            1,
            1);
      }
      case Op.ExpertSum o -> {
        order(List.of(slot(o.routing()), slot(o.in())), List.of(slot(o.out())));
        dispatch(
            Kernel.of("expert_sum", WORKGROUP),
            new Arguments()
                .address(address(o.routing()), address(o.in()), address(o.out()), count(o.out()))
                .number(o.out().width(), o.used()),
            (long) rows(o.out()) * o.out().width());
      }
      case Op.Argmax o -> {
        order(List.of(slot(o.in())), List.of(slot(o.out())));
        dispatch(
            Kernel.of("argmax", WORKGROUP),
            new Arguments()
                .address(address(o.in()), address(o.out()), count(o.out()))
                .number(o.in().width()),
            Math.min(rows(o.out()), MOST_GROUPS),
            1,
            1);
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
    dispatch(
        Kernel.of("embed_" + typeOf(o.table()), WORKGROUP),
        new Arguments()
            .address(
                table.address(),
                table.scaleAddress(),
                address(o.out()),
                count(o.out()),
                stepAddress(memory.stepLayout().idsAt()))
            .number(o.table().cols(), blocks, o.table().rows()),
        (long) rows(o.out()) * (o.table().cols() / 16 + 1));
  }

  private void elementwise(int number, Value a, Value b, Value out, float factor) {
    order(List.of(slot(a), slot(b)), List.of(slot(out)));
    dispatch(
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
    dispatch(
        Kernel.of("rms_norm", Math.min(workgroup, DeviceFacts.INVOCATIONS)),
        new Arguments()
            .address(
                address(o.in()), weights.get(o.gamma()).address(), address(o.out()), count(o.out()))
            .number(width, groups)
            .real(o.eps()),
        Math.min((long) rows(o.out()) * groups, MOST_GROUPS),
        1,
        1);
  }

  private void rope(Op.Rope o) {
    order(List.of(slot(o.in())), List.of(slot(o.out())));
    boolean halves =
        switch (o.rope().pairing()) {
          case HALVES -> true;
          case ADJACENT -> false;
        };
    int heads = o.in().width() / o.rope().headDim();
    dispatch(
        Kernel.of("rope", WORKGROUP, halves ? 1 : 0),
        new Arguments()
            .address(
                address(o.in()),
                address(o.out()),
                count(o.out()),
                stepAddress(memory.stepLayout().positionsAt()),
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
    dispatch(
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
    AttentionShape shape = AttentionShape.of(o, size.tokens(), device.sharedMemory());
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
    dispatch(
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
      dispatch(
          Kernel.of("attention_join", WORKGROUP, kv.headDimV()),
          new Arguments()
              .address(memory.partial().address(), address(o.out()), count(o.out()))
              .number(o.nHead(), splits),
          (long) rows(o.out()) * o.nHead() * AttentionShape.padded(kv.headDimV()) / 4);
    }
  }

  private void matMul(Op.MatMul o) {
    VulkanWeight weight = weights.get(o.weight());
    long bias = o.bias() == null ? weight.address() : weights.get(o.bias()).address();
    int tokens = rows(o.in());
    MatrixShape shape = MatrixShape.of(device, o.weight().type(), tokens);
    Input in = input(shape, o.in(), o.weight());
    order(List.of(in.slot), List.of(slot(o.out())));
    Arguments arguments =
        new Arguments()
            .address(
                weight.address(),
                weight.scaleAddress(),
                in.address,
                address(o.out()),
                bias,
                bias,
                count(o.in()),
                in.scales)
            .number(o.weight().cols(), o.weight().rows(), weight.layout().blocksOfRow())
            .flag(o.bias() != null)
            .number(0, 0, 0);
    Kernel kernel = shape.kernel(o.weight().type(), false);
    product(shape, kernel, arguments, o.weight().rows(), tokens, 1);
  }

  /**
   * A product's vectors.
   *
   * @param slot what barriers know them by
   * @param scales where their scales are, if they have any
   */
  private record Input(Object slot, long address, long scales) {}

  /** Brings vectors into the form that a product wants, once for all products that follow. */
  private Input input(MatrixShape shape, Value in, TensorSpec weight) {
    Vectors wanted = Vectors.of(shape.way(), in, weight);
    if (wanted == null) {
      return new Input(slot(in), address(in), address(in));
    }
    long to = memory.vectors().address();
    long scales = to + wanted.scalesAt(rows(in));
    if (!wanted.equals(vectors)) {
      order(List.of(slot(in)), List.of(Scratch.VECTORS));
      Arguments arguments = new Arguments().address(address(in), to, scales, count(in));
      if (wanted.bytes()) {
        arguments.number(in.width());
        dispatch(Kernel.of("quantize", WORKGROUP), arguments, (long) rows(in) * in.width() / 4);
      } else {
        arguments.number(wanted.count(), weight.cols(), wanted.width());
        int all = rows(in) * wanted.count();
        dispatch(Kernel.of("narrow", WORKGROUP), arguments, Math.min(all, MOST_GROUPS), 1, 1);
      }
      vectors = wanted;
    }
    return new Input(Scratch.VECTORS, to, scales);
  }

  /** Dispatches a product over {@code columns} vectors of each of {@code matrices}. */
  private void product(
      MatrixShape shape, Kernel kernel, Arguments arguments, int rows, int columns, int matrices) {
    int x = (rows + shape.rowsOfGroup() - 1) / shape.rowsOfGroup();
    int y = (columns + shape.tokens() - 1) / shape.tokens();
    if (shape.way().tiled()) {
      dispatch(kernel, arguments, x, y, matrices);
    } else {
      int folds = (x + MOST_GROUPS - 1) / MOST_GROUPS;
      dispatch(kernel, arguments, (x + folds - 1) / folds, folds, y);
    }
  }

  private void expertMatMul(Op.ExpertMatMul o) {
    VulkanWeight weight = weights.get(o.weight());
    int tokens = rows(o.in());
    int pairs = tokens * o.used();
    int experts = o.weight().experts();
    boolean tiled = tokens > MatrixShape.MOST_VECTORS && pairs > 2 * experts;
    if (tiled) {
      group(o, experts);
    }
    MatrixShape shape = MatrixShape.of(device, o.weight().type(), tiled ? tokens : 1);
    Input in = input(shape, o.in(), o.weight());
    order(
        tiled
            ? List.of(slot(o.routing()), in.slot, Scratch.GROUPS)
            : List.of(slot(o.routing()), in.slot),
        List.of(slot(o.out())));
    Arguments arguments =
        new Arguments()
            .address(
                weight.address(),
                weight.scaleAddress(),
                in.address,
                address(o.out()),
                weight.address(),
                tiled ? memory.groups().address() : address(o.routing()),
                count(o.in()),
                in.scales)
            .number(o.weight().cols(), o.weight().rows(), weight.layout().blocksOfRow(), 0)
            .number(o.used())
            .flag(o.in().width() != o.weight().cols())
            .number(experts);
    Kernel kernel = shape.kernel(o.weight().type(), true);
    product(
        shape, kernel, arguments, o.weight().rows(), tiled ? tokens : pairs, tiled ? experts : 1);
  }

  /** Sorts the pairs of a router by expert, once for all products that follow it. */
  private void group(Op.ExpertMatMul o, int experts) {
    if (o.routing().equals(grouped)) {
      return;
    }
    order(List.of(slot(o.routing())), List.of(Scratch.GROUPS));
    dispatch(
        Kernel.of("expert_groups", 64, experts),
        new Arguments()
            .address(address(o.routing()), memory.groups().address(), count(o.routing()))
            .number(o.used()),
        1,
        1,
        1);
    grouped = o.routing();
  }
}
