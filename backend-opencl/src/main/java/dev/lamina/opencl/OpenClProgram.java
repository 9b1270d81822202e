package dev.lamina.opencl;

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
import dev.lamina.shaders.CardPlan;
import dev.lamina.shaders.DeviceTables;
import dev.lamina.shaders.Launch;
import dev.lamina.shaders.LaunchPlan;
import dev.lamina.shaders.Region;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jocl.cl_mem;

/** A graph as launches with fixed arguments; submitting enqueues them and does not wait. */
final class OpenClProgram implements Program {
  private final OpenClDevice device;
  private final Connection connection;
  private final Graph graph;
  private final Limits limits;
  private final Map<TensorSpec, OpenClWeight> weights;
  private final CardPlan launches;
  private final LaunchPlan plan;
  private final Map<Region, Memory> regions = new HashMap<>();
  private final Map<Launch, BoundLaunch> bound = new HashMap<>();
  private final Map<Output, List<BoundLaunch>> steps = new EnumMap<>(Output.class);
  private final ProgramBuffers<OpenClBuffer> buffers;
  private boolean closed;

  /** Memory, and whether this program gives it back. */
  private record Memory(cl_mem memory, long bytes, boolean owned) {}

  OpenClProgram(
      OpenClDevice device, Graph graph, Map<TensorSpec, OpenClWeight> weights, Limits limits) {
    this.device = device;
    this.connection = device.connection();
    this.graph = graph;
    this.weights = weights;
    this.limits = limits;
    launches = device.plan(graph, limits);
    plan = launches.common();
    boolean made = false;
    try {
      for (KvSpec kv : graph.kv()) {
        long positions = (long) limits.groups().get(kv.group()).pages() * limits.pageSize();
        pages(new Region.Keys(kv), positions * keyBytes(kv));
        pages(new Region.Values(kv), positions * valueBytes(kv));
      }
      launches.regions().forEach(this::memory);
      buffers = new ProgramBuffers<>(graph, this::buffer, this::buffer);
      for (Output output : Output.values()) {
        List<BoundLaunch> list = new ArrayList<>();
        for (Launch launch : launches.launches(output)) {
          list.add(bound.computeIfAbsent(launch, this::bind));
        }
        steps.put(output, list);
      }
      made = true;
    } finally {
      if (!made) {
        close();
      }
    }
  }

  private BoundLaunch bind(Launch launch) {
    return new BoundLaunch(
        connection,
        launch,
        device.programs().kernel(launch.kernel()),
        region -> memory(region).memory);
  }

  private static long keyBytes(KvSpec kv) {
    return kv.typeK().rowBytes((long) kv.nHeadKv() * kv.headDimK());
  }

  private static long valueBytes(KvSpec kv) {
    return kv.typeV().rowBytes((long) kv.nHeadKv() * kv.headDimV());
  }

  private void pages(Region region, long bytes) {
    Memory memory = own(bytes, "keys and values");
    regions.put(region, memory);
    // Pages that nobody has written to are read by nobody; this makes sure that they are there.
    connection.clear(memory.memory, bytes, "keys and values");
  }

  private Memory own(long bytes, String what) {
    return new Memory(connection.allocate(bytes, what), bytes, true);
  }

  private static Memory borrowed(cl_mem memory) {
    return new Memory(memory, 0, false);
  }

  private Memory memory(Region region) {
    Memory known = regions.get(region);
    if (known == null) {
      known =
          switch (region) {
            case Region.Slot s -> own(plan.activations().slotBytes(s.number()), "activations");
            case Region.Weight w -> borrowed(weights.get(w.spec()).memory(w.part()));
            case Region.Vector v -> borrowed(weights.get(v.spec()).memory(0));
            case Region.Table t -> borrowed(device.table(t));
            case Region.Grid g -> borrowed(device.table(g));
            case Region.Rounded r -> own(launches.roundedBytes(), "rounded activations");
            case Region.Turns t -> turns(t);
            case Region.Keys k -> throw new AssertionError(k);
            case Region.Values v -> throw new AssertionError(v);
            case Region.Step s -> own(plan.stepData().bytes(), "the step's data");
            case Region.Partial p -> own(plan.partialBytes(), "parts of attention");
            case Region.ExpertPlan p -> own(plan.expertPlanBytes(), "the plan of experts");
          };
      regions.put(region, known);
    }
    return known;
  }

  private Memory turns(Region.Turns region) {
    TensorSpec factors = region.rope().factors();
    long[] turns =
        DeviceTables.turns(region.rope(), factors == null ? null : weights.get(factors).vector());
    Memory memory = own((long) Long.BYTES * turns.length, "rotary embeddings");
    device.staging().upload(memory.memory, MemorySegment.ofArray(turns));
    return memory;
  }

  private OpenClBuffer buffer(Value value) {
    Memory memory = memory(new Region.Slot(plan.activations().slot(value)));
    return new OpenClBuffer(device, memory.memory, ActivationPlan.bytes(value, limits), false);
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
    device.checkOpen();
    if (closed) {
      throw new IllegalStateException("the program is closed");
    }
    limits.check(step);
    connection.checkAlive();
    step.copies().forEach(this::copy);
    device
        .staging()
        .write(
            memory(new Region.Step()).memory,
            0,
            plan.stepData().bytes(),
            host -> plan.stepData().write(step, host));
    for (BoundLaunch launch : steps.get(step.want())) {
      launch.run(plan.stepData());
    }
    connection.submit();
    return connection::finish;
  }

  private void copy(Step.PageCopy copy) {
    if (copy.from() == copy.to()) {
      return;
    }
    for (KvSpec kv : graph.kv()) {
      if (kv.group() == copy.group()) {
        copy(new Region.Keys(kv), copy, limits.pageSize() * keyBytes(kv));
        copy(new Region.Values(kv), copy, limits.pageSize() * valueBytes(kv));
      }
    }
  }

  private void copy(Region region, Step.PageCopy copy, long bytes) {
    cl_mem memory = regions.get(region).memory;
    connection.copy(memory, copy.from() * bytes, memory, copy.to() * bytes, bytes);
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      bound.values().forEach(BoundLaunch::close);
      for (Memory memory : regions.values()) {
        if (memory.owned) {
          device.free(memory.memory, memory.bytes);
        }
      }
      regions.clear();
    }
  }
}
