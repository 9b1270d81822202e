package dev.lamina.vulkan;

import dev.lamina.backend.ActivationPlan;
import dev.lamina.backend.Buffer;
import dev.lamina.backend.Completion;
import dev.lamina.backend.Graph;
import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Output;
import dev.lamina.backend.Program;
import dev.lamina.backend.ProgramBuffers;
import dev.lamina.backend.Step;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Value;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lwjgl.vulkan.VkCommandBuffer;

/**
 * A graph whose commands are recorded once for each size of steps and then submitted again and
 * again: what differs from step to step is data. Sizes are powers of two; kernels read how many
 * rows there really are.
 */
final class VulkanProgram implements Program, Resource {
  /** The largest result that every step copies to the host; larger ones are copied when read. */
  private static final long MOST_MIRRORED = 4 << 20;

  private final VulkanDevice device;
  private final Graph graph;
  private final Map<TensorSpec, VulkanWeight> weights;
  private final Limits limits;
  private final ProgramMemory memory;
  private final ProgramBuffers<VulkanBuffer> buffers;
  private final Map<Recording.Size, Recording> recordings = new HashMap<>();
  private long last;
  private boolean closed;

  private VulkanProgram(
      VulkanDevice device,
      Graph graph,
      Map<TensorSpec, VulkanWeight> weights,
      Limits limits,
      ProgramMemory memory) {
    this.device = device;
    this.graph = graph;
    this.weights = Map.copyOf(weights);
    this.limits = limits;
    this.memory = memory;
    buffers =
        new ProgramBuffers<>(
            graph,
            value -> buffer(value, null),
            value -> {
              long bytes = Math.min(MOST_MIRRORED, ActivationPlan.bytes(value, limits));
              return buffer(value, memory.allocate(bytes, MemoryPool.Place.READBACK));
            });
  }

  /** Allocates and compiles what steps of one token, and of as many as can be, need. */
  static VulkanProgram create(
      VulkanDevice device, Graph graph, Map<TensorSpec, VulkanWeight> weights, Limits limits) {
    ProgramMemory memory = new ProgramMemory(device, graph, limits, weights);
    VulkanProgram program = null;
    try {
      program = new VulkanProgram(device, graph, weights, limits, memory);
      Output want =
          graph.outputs().containsKey(Output.GREEDY)
              ? Output.GREEDY
              : graph.outputs().keySet().iterator().next();
      program.recording(new Recording.Size(want, 1, Math.min(1, limits.maxOutputs()), 0));
      program.recording(
          new Recording.Size(want, limits.maxTokens(), Math.min(1, limits.maxOutputs()), 0));
      return program;
    } catch (RuntimeException | Error e) {
      if (program != null) {
        program.destroy();
      } else {
        memory.free();
      }
      throw e;
    }
  }

  private VulkanBuffer buffer(Value value, Memory mirror) {
    return new VulkanBuffer(
        device, ActivationPlan.bytes(value, limits), memory.of(value), mirror, false);
  }

  @Override
  public Buffer input() {
    return buffers.input();
  }

  @Override
  public Buffer output(Output output) {
    return buffers.output(output);
  }

  @Override
  public Completion submit(Step step) {
    if (closed) {
      throw new IllegalStateException("the program is closed");
    }
    limits.check(step);
    device.check();
    Recording recording = recording(size(step));
    // The step before reads its data until it is done.
    device.queue().await(last);
    memory.stepLayout().write(step, recording.tokensPerTile(), memory.hostStep().mapped());
    device.counters().bytesIn += memory.stepLayout().bytes();
    step.copies().forEach(this::copyPage);
    long value = device.queue().submitStep(recording.commands());
    last = value;
    device.counters().dispatches += recording.dispatches();
    for (Output output : written(step.want())) {
      VulkanBuffer buffer = buffers.output(output);
      Value result = graph.outputs().get(output);
      int rows =
          switch (result.rows()) {
            case TOKENS -> step.tokens();
            case OUTPUTS -> step.outputs();
          };
      long bytes = 4L * rows * result.width();
      buffer.written(bytes <= buffer.mirror().bytes() ? bytes : 0, value);
    }
    return () -> device.queue().await(value);
  }

  /** The outputs that a step makes. */
  private Iterable<Output> written(Output want) {
    return graph.outputs().containsKey(want) ? List.of(want) : graph.outputs().keySet();
  }

  private Recording.Size size(Step step) {
    int longest = 0;
    for (int position : step.positions()) {
      longest = Math.max(longest, position + 1);
    }
    int tokens = upTo(step.tokens(), limits.maxTokens());
    return new Recording.Size(
        step.want(),
        tokens,
        step.outputs() == 0 ? 0 : upTo(step.outputs(), limits.maxOutputs()),
        AttentionShape.lengthClass(tokens, longest));
  }

  /** The next power of two, or {@code most}. */
  private static int upTo(int n, int most) {
    return n <= 1 ? 1 : Math.min(most, Integer.highestOneBit(n - 1) * 2);
  }

  private Recording recording(Recording.Size size) {
    Recording known = recordings.get(size);
    if (known != null) {
      return known;
    }
    List<Recorder.Mirror> mirrors = new ArrayList<>();
    for (Output output : written(size.want())) {
      VulkanBuffer buffer = buffers.output(output);
      Value value = graph.outputs().get(output);
      int rows = new Places(memory, size).rows(value);
      long bytes = Math.min(4L * rows * value.width(), buffer.mirror().bytes());
      bytes = Math.min(bytes, ActivationPlan.bytes(value, limits));
      if (bytes > 0) {
        mirrors.add(new Recorder.Mirror(buffer.memory(), buffer.mirror(), bytes));
      }
    }
    VkCommandBuffer commands = device.queue().allocate();
    try {
      device.queue().begin(commands, 0);
      Recorder recorder = new Recorder(device, weights, limits, memory, size, commands);
      Recording recording = recorder.record(graph.opsFor(size.want()), mirrors);
      device.queue().end(commands);
      device.counters().recordings++;
      recordings.put(size, recording);
      return recording;
    } catch (RuntimeException | Error e) {
      device.queue().free(commands);
      throw e;
    }
  }

  private void copyPage(Step.PageCopy copy) {
    if (copy.from() == copy.to()) {
      return;
    }
    CommandQueue.barrier(device.queue().once());
    for (KvSpec kv : graph.kv()) {
      if (kv.group() == copy.group()) {
        for (KvMemory.Plane plane : memory.of(kv).planes(kv, limits)) {
          long bytes = plane.pageBytes();
          if (bytes > 0) {
            device
                .staging()
                .copy(
                    plane.memory(), copy.from() * bytes, plane.memory(), copy.to() * bytes, bytes);
          }
        }
      }
    }
  }

  @Override
  public void close() {
    if (!closed) {
      device.release(this);
      destroy();
    }
  }

  @Override
  public void destroy() {
    if (closed) {
      return;
    }
    closed = true;
    if (graph.input() != null) {
      buffers.input().destroy();
    }
    buffers.outputs().values().forEach(VulkanBuffer::destroy);
    recordings.values().forEach(recording -> device.queue().free(recording.commands()));
    memory.free();
  }
}
