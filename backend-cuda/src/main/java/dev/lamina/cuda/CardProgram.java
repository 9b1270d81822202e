package dev.lamina.cuda;

import dev.lamina.backend.Buffer;
import dev.lamina.backend.Completion;
import dev.lamina.backend.DeviceException;
import dev.lamina.backend.Graph;
import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Output;
import dev.lamina.backend.Program;
import dev.lamina.backend.ProgramBuffers;
import dev.lamina.backend.Step;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Value;
import dev.lamina.cuda.driver.GpuGraph;
import dev.lamina.cuda.driver.GpuStream;
import dev.lamina.cuda.driver.Grid;
import dev.lamina.shaders.Arg;
import dev.lamina.shaders.CardPlan;
import dev.lamina.shaders.Count;
import dev.lamina.shaders.DeviceTables;
import dev.lamina.shaders.Extent;
import dev.lamina.shaders.Launch;
import dev.lamina.shaders.LaunchPlan;
import dev.lamina.shaders.Region;
import dev.lamina.shaders.StepData;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A graph on a card. The launches of a step depend on a few numbers only (tokens, outputs, parts of
 * the positions); those of numbers that come again are recorded once and then launched in one call.
 */
final class CardProgram implements Program {
  /** Recordings that a program keeps; the ones that were not used for longest go. */
  private static final int MOST_GRAPHS = 64;

  /** Numbers of steps that were seen once; a second time they are worth a recording. */
  private static final int MOST_SEEN = 1024;

  /** What decides a step's launches. */
  private record Form(Output want, List<Integer> counts) {}

  private final CardDevice device;
  private final Graph graph;
  private final Limits limits;
  private final CardPlan launches;
  private final LaunchPlan plan;
  private final List<CardMemory> memories = new ArrayList<>();
  private final Map<Region, CardMemory> places = new HashMap<>();
  private final Map<Region, Long> addresses = new HashMap<>();
  private final Set<Count> counts = new LinkedHashSet<>();
  private final StepRing steps;
  private final Map<Form, GpuGraph> graphs = new LinkedHashMap<>(16, 0.75f, true);
  private final Set<Form> seen = new LinkedHashSet<>();
  private final ProgramBuffers<CardBuffer> buffers;
  private boolean closed;

  CardProgram(
      CardDevice device,
      Graph graph,
      Map<TensorSpec, CardWeight> weights,
      Limits limits,
      CardPlan launches) {
    this.device = device;
    this.graph = graph;
    this.limits = limits;
    this.launches = launches;
    plan = launches.common();
    StepRing ring = null;
    try {
      for (int slot = 0; slot < plan.activations().slots(); slot++) {
        place(new Region.Slot(slot), plan.activations().slotBytes(slot));
      }
      for (KvSpec kv : graph.kv()) {
        place(new Region.Keys(kv), pageBytes(new Region.Keys(kv)) * pages(kv));
        place(new Region.Values(kv), pageBytes(new Region.Values(kv)) * pages(kv));
      }
      place(new Region.Step(), plan.stepData().bytes());
      place(new Region.Partial(), plan.partialBytes());
      place(new Region.ExpertPlan(), plan.expertPlanBytes());
      place(new Region.Rounded(), launches.roundedBytes());
      for (Region region : launches.regions()) {
        addresses.put(region, address(region, weights));
      }
      ring = new StepRing(device.context(), device.stream(), plan.stepData().bytes());
    } catch (RuntimeException e) {
      memories.forEach(device::free);
      throw e;
    }
    steps = ring;
    for (Output want : Output.values()) {
      for (Launch launch : launches.launches(want)) {
        counts.add(launch.when());
        for (Extent extent : List.of(launch.x(), launch.y(), launch.z())) {
          if (extent.count() != null) {
            counts.add(extent.count());
          }
        }
        for (Arg arg : launch.args()) {
          if (arg instanceof Arg.Counted(Count count)) {
            counts.add(count);
          }
        }
      }
    }
    buffers = new ProgramBuffers<>(graph, this::buffer, this::buffer);
  }

  private void place(Region region, long bytes) {
    places.put(region, memory(bytes));
  }

  private CardMemory memory(long bytes) {
    CardMemory memory = device.memory(bytes);
    memories.add(memory);
    return memory;
  }

  private long address(Region region, Map<TensorSpec, CardWeight> weights) {
    return switch (region) {
      case Region.Weight(TensorSpec spec, int part) -> {
        if (part != 0) {
          throw new IllegalStateException("weights are whole on this device");
        }
        yield weights.get(spec).address();
      }
      case Region.Vector(TensorSpec spec) -> weights.get(spec).address();
      case Region.Table table -> device.table(table);
      case Region.Grid grid -> device.table(grid);
      case Region.Turns(var rope) -> {
        float[] divisors = rope.factors() == null ? null : weights.get(rope.factors()).values();
        MemorySegment turns = MemorySegment.ofArray(DeviceTables.turns(rope, divisors));
        CardMemory memory = memory(turns.byteSize());
        device.staging().write(memory.address(), turns);
        yield memory.address();
      }
      case Region.Slot slot -> places.get(slot).address();
      case Region.Keys keys -> places.get(keys).address();
      case Region.Values values -> places.get(values).address();
      case Region.Step step -> places.get(step).address();
      case Region.Partial partial -> places.get(partial).address();
      case Region.ExpertPlan expertPlan -> places.get(expertPlan).address();
      case Region.Rounded rounded -> places.get(rounded).address();
    };
  }

  private int pages(KvSpec kv) {
    return limits.groups().get(kv.group()).pages();
  }

  /** Bytes of one page of keys, or of values. */
  private long pageBytes(Region region) {
    return switch (region) {
      case Region.Keys(KvSpec kv) ->
          kv.typeK().rowBytes((long) kv.nHeadKv() * kv.headDimK()) * limits.pageSize();
      case Region.Values(KvSpec kv) ->
          kv.typeV().rowBytes((long) kv.nHeadKv() * kv.headDimV()) * limits.pageSize();
      default -> throw new IllegalArgumentException(region + " has no pages");
    };
  }

  private CardBuffer buffer(Value value) {
    CardMemory memory = places.get(new Region.Slot(plan.activations().slot(value)));
    return new CardBuffer(device, memory, false);
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
    GpuStream stream = device.stream();
    MemorySegment host = steps.take();
    plan.stepData().write(step, host);
    steps.send(places.get(new Region.Step()).address());
    copyPages(step);
    run(step.want());
    return () -> {
      if (closed) {
        throw new IllegalStateException("the program is closed");
      }
      stream.synchronise();
    };
  }

  private void copyPages(Step step) {
    for (Step.PageCopy copy : step.copies()) {
      for (KvSpec kv : graph.kv()) {
        if (kv.group() == copy.group()) {
          for (Region region : List.of(new Region.Keys(kv), new Region.Values(kv))) {
            long bytes = pageBytes(region);
            long pages = places.get(region).address();
            device.stream().copy(pages + copy.to() * bytes, pages + copy.from() * bytes, bytes);
          }
        }
      }
    }
  }

  private void run(Output want) {
    Form form = form(want);
    GpuGraph recorded = graphs.get(form);
    if (recorded == null && !seen.add(form)) {
      recorded = record(want);
      graphs.put(form, recorded);
      if (graphs.size() > MOST_GRAPHS) {
        device.stream().synchronise();
        var oldest = graphs.entrySet().iterator();
        oldest.next().getValue().close();
        oldest.remove();
      }
    }
    if (recorded != null) {
      device.stream().launch(recorded);
      return;
    }
    if (seen.size() > MOST_SEEN) {
      seen.clear();
    }
    launchAll(want);
  }

  private Form form(Output want) {
    StepData data = plan.stepData();
    List<Integer> numbers = new ArrayList<>(counts.size());
    for (Count count : counts) {
      int n = data.count(count);
      // Only whether there are several in a row makes a difference.
      numbers.add(count.kind() == Count.Kind.LONGEST_RUN ? Math.min(2, n) : n);
    }
    return new Form(want, numbers);
  }

  private GpuGraph record(Output want) {
    GpuStream stream = device.stream();
    stream.beginCapture();
    try {
      launchAll(want);
    } catch (RuntimeException e) {
      try {
        stream.endCapture().close();
      } catch (DeviceException ended) {
        e.addSuppressed(ended);
      }
      throw e;
    }
    return stream.endCapture();
  }

  private void launchAll(Output want) {
    StepData data = plan.stepData();
    for (Launch launch : launches.launches(want)) {
      if (!launch.runs(data)) {
        continue;
      }
      Grid grid =
          new Grid(
              launch.x().of(data),
              launch.y().of(data),
              launch.z().of(data),
              launch.kernel().itemsX(),
              launch.kernel().itemsY());
      long[] arguments = new long[launch.args().size()];
      for (int i = 0; i < arguments.length; i++) {
        arguments[i] =
            switch (launch.args().get(i)) {
              case Arg.Memory(Region region) -> addresses.get(region);
              case Arg.Int(int value) -> value;
              case Arg.Real(float value) -> Float.floatToRawIntBits(value);
              case Arg.Counted(Count count) -> data.count(count);
            };
      }
      device.stream().launch(device.kernels().get(launch.kernel()), grid, 0, arguments);
    }
  }

  /** For a program whose device is closed. */
  void forget() {
    closed = true;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      device.remove(this);
      device.settle();
      graphs.values().forEach(GpuGraph::close);
      steps.close();
      memories.forEach(device::free);
    }
  }
}
