package dev.lamina.cpu;

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
import dev.lamina.cpu.format.Formats;
import dev.lamina.cpu.kernel.KvMemory;
import dev.lamina.cpu.kernel.Matrix;
import dev.lamina.cpu.kernel.Place;
import dev.lamina.cpu.kernel.StepState;
import dev.lamina.cpu.panel.PanelFormat;
import dev.lamina.gguf.Dequantizer;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** A graph as kernels over memory of its own. A step is done when {@link #submit} returns. */
final class CpuProgram implements Program {
  private final Graph graph;
  private final Limits limits;
  private final ThreadTeam team;
  private final List<NativeMemory> memory = new ArrayList<>();
  private final Map<KvSpec, KvMemory> pages = new HashMap<>();
  private final Map<TensorSpec, NativeMemory> vectors = new HashMap<>();
  private final Map<Output, List<Region>> regions = new EnumMap<>(Output.class);
  private final ProgramBuffers<Buffer> buffers;
  private final StepState state;
  private final long scratch;
  private final long scratchStride;

  /** What each thread does while it waits. */
  private final Ahead[] ahead;

  private final List<Region> active = new ArrayList<>();
  private final Tiers tiers;
  private final Profile profile = Profile.asked();
  private volatile boolean abandoned;
  private boolean closed;

  CpuProgram(
      Graph graph,
      Map<TensorSpec, CpuWeight> weights,
      Limits limits,
      ThreadTeam team,
      Start start,
      KernelFamily family) {
    this.graph = graph;
    this.limits = limits;
    this.team = team;
    this.state = new StepState(limits, team.size());
    this.tiers =
        Tiers.of(graph, start, step -> WarmUp.start(graph, weights, limits, step.want(), family));
    try {
      ProgramPlan plan =
          new ProgramPlan(graph, limits, source(weights), family, tiers != null, profile);
      NativeMemory activations = own(plan.layOut());
      for (Place place : plan.places()) {
        place.put(activations.address() + place.address());
      }
      Function<Value, Buffer> place = value -> buffer(plan, value, activations);
      buffers = new ProgramBuffers<>(graph, place, place);
      for (Output output : Output.values()) {
        regions.put(output, plan.regions(output));
      }
      scratchStride = scratchStride(plan.scratchBytes());
      scratch = own(scratchStride * team.size()).address();
      ahead = new Ahead[team.size()];
      for (int i = 0; i < ahead.length; i++) {
        ahead[i] = new Ahead(family.panels(), scratch + i * scratchStride);
      }
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  /** Scratch memory of a thread: apart from the next one's by more than the prefetchers look. */
  private static long scratchStride(long bytes) {
    return (bytes + 1023) / 512 * 512;
  }

  /** Bytes of activations, scratch and decoded vectors. */
  static long workBytes(
      Graph graph,
      Limits limits,
      int threads,
      Function<TensorSpec, PanelFormat> panels,
      KernelFamily family) {
    long[] vectors = {0};
    ProgramPlan plan =
        new ProgramPlan(
            graph,
            limits,
            new ProgramPlan.Source() {
              @Override
              public Matrix matrix(TensorSpec spec) {
                return CpuProgram.matrix(spec, 0, panels.apply(spec));
              }

              @Override
              public long vector(TensorSpec spec) {
                vectors[0] += 4L * spec.cols();
                return 0;
              }

              @Override
              public float[] values(TensorSpec spec) {
                return null;
              }

              @Override
              public KvMemory kv(KvSpec spec) {
                return new KvMemory(spec, limits.pageSize(), 0, 0);
              }
            },
            family,
            false,
            null);
    return plan.layOut() + scratchStride(plan.scratchBytes()) * threads + vectors[0];
  }

  private ProgramPlan.Source source(Map<TensorSpec, CpuWeight> weights) {
    return new ProgramPlan.Source() {
      @Override
      public Matrix matrix(TensorSpec spec) {
        CpuWeight weight = weights.get(spec);
        return CpuProgram.matrix(spec, weight.address(), weight.panels());
      }

      @Override
      public long vector(TensorSpec spec) {
        return vectors
            .computeIfAbsent(
                spec,
                s -> {
                  NativeMemory values = own(4L * s.cols());
                  Formats.of(s.type()).decode(weights.get(s).address(), values.address(), s.cols());
                  return values;
                })
            .address();
      }

      @Override
      public float[] values(TensorSpec spec) {
        float[] values = new float[spec.cols()];
        Dequantizer.decode(spec.type(), weights.get(spec).segment(), 0, values, 0, spec.cols());
        return values;
      }

      @Override
      public KvMemory kv(KvSpec spec) {
        return pages.computeIfAbsent(
            spec,
            kv -> {
              int count = limits.groups().get(kv.group()).pages();
              return new KvMemory(
                  kv,
                  limits.pageSize(),
                  own(KvMemory.keyBytes(kv, limits.pageSize()) * count).address(),
                  own(KvMemory.valueBytes(kv, limits.pageSize()) * count).address());
            });
      }
    };
  }

  private static Matrix matrix(TensorSpec spec, long address, PanelFormat panels) {
    return new Matrix(
        Formats.of(spec.type()),
        address,
        spec.type().rowBytes(spec.cols()),
        spec.rows(),
        spec.cols(),
        spec.experts(),
        panels);
  }

  private NativeMemory own(long bytes) {
    NativeMemory fresh = NativeMemory.allocate(bytes);
    memory.add(fresh);
    return fresh;
  }

  private Buffer buffer(ProgramPlan plan, Value value, NativeMemory activations) {
    Place place = plan.place(value);
    return new CpuBuffer(activations, place.address() - activations.address(), place.bytes());
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
    for (Step.PageCopy copy : step.copies()) {
      pages.forEach(
          (spec, layer) -> {
            if (spec.group() == copy.group()) {
              layer.copy(copy.from(), copy.to());
            }
          });
    }
    state.begin(step, tiers != null && tiers.plain(step));
    long from = profile == null ? 0 : System.nanoTime();
    try {
      active.clear();
      for (Region region : regions.get(step.want())) {
        if (region.plan(state)) {
          active.add(region);
        }
      }
      if (!active.isEmpty()) {
        team.run(this::work);
      }
    } finally {
      state.end();
    }
    if (profile != null) {
      profile.step(step.tokens(), team.size() * (System.nanoTime() - from));
    }
    return Completion.DONE;
  }

  private void work(int worker) {
    long own = scratch + worker * scratchStride;
    int i = 0;
    while (i < active.size()) {
      if (i > 0) {
        meet(worker, active.get(i - 1));
      }
      if (abandoned) {
        return;
      }
      if (!active.get(i).small()) {
        Region region = active.get(i++);
        region.run(state, team, worker, own);
        if (region.readsWeights()) {
          askAhead(worker, i);
        }
        continue;
      }
      // small ones in a row are done by whoever comes first, without meeting in between
      boolean mine = team.take() == 0;
      for (; i < active.size() && active.get(i).small(); i++) {
        if (mine) {
          active.get(i).runAlone(state, own);
        }
      }
    }
  }

  private void meet(int worker, Region before) {
    if (profile == null) {
      team.barrier(ahead[worker]);
      return;
    }
    long from = System.nanoTime();
    team.barrier(ahead[worker]);
    before.waited(state, System.nanoTime() - from);
  }

  /** Has a thread ask for the weights of the next region that reads some. */
  private void askAhead(int worker, int from) {
    for (int i = from; i < active.size(); i++) {
      if (active.get(i).readsWeights()) {
        active.get(i).ahead(worker, ahead[worker]);
        return;
      }
    }
  }

  /** Ends the current step soon, its results worthless; for a team of one, from any thread. */
  void abandon() {
    abandoned = true;
    team.skip();
  }

  @Override
  public void close() {
    if (profile != null && !closed) {
      profile.print(System.err);
    }
    closed = true;
    if (tiers != null) {
      tiers.close();
    }
    memory.forEach(NativeMemory::close);
  }
}
