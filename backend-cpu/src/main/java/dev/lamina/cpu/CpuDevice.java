package dev.lamina.cpu;

import dev.lamina.backend.Buffer;
import dev.lamina.backend.CompileChecks;
import dev.lamina.backend.CpuMath;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceInfo;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.DeviceSpeed;
import dev.lamina.backend.Graph;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.Program;
import dev.lamina.backend.Support;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Weight;
import dev.lamina.cpu.code.InstructionSet;
import dev.lamina.cpu.panel.PanelFormat;
import dev.lamina.cpu.panel.PanelFormats;
import dev.lamina.gguf.GgmlType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The processor with its vector units. Submitting a step runs it before it returns. */
final class CpuDevice implements Device {
  /**
   * Threads for a processor, at most: more wait for each other so long that a step seems to hang.
   */
  private static final int MOST_THREADS = 8;

  private final CpuFacts facts = CpuFacts.read();
  private final ThreadTeam team;
  private final Start start;

  private final KernelFamily family;

  /** Whether activations are rounded for products with panels of integers. */
  private final boolean integers;

  /** How matrix products are computed, and why so. */
  private final String math;

  private final List<AutoCloseable> open = new ArrayList<>();
  private boolean closed;

  /** A device whose programs use the SIMD kernels from the first step on. */
  CpuDevice(DeviceOptions options) {
    this(options, Start.SIMD);
  }

  CpuDevice(DeviceOptions options, Start start) {
    this(options, start, choose(options), options.math());
  }

  /** A device with the products of this instruction set, which the processor must have. */
  CpuDevice(DeviceOptions options, Start start, InstructionSet isa) {
    this(options, start, new InstructionSet.Choice(isa, null), options.math());
  }

  private CpuDevice(
      DeviceOptions options, Start start, InstructionSet.Choice choice, CpuMath asked) {
    this.start = start;
    boolean code = choice.isa() != null;
    family = KernelFamily.of(choice.isa());
    integers = code && asked == CpuMath.I8;
    if (integers) {
      math = "8-bit products, as machine code for " + choice.isa().label();
    } else if (code) {
      boolean all = family.panels().multiplies(PanelFormats.of(GgmlType.Q8_0).asFloats());
      String which = all ? "" : "of float types ";
      math =
          "float32 products: asked for; " + which + "as machine code for " + choice.isa().label();
    } else {
      math = "float32 products: " + choice.reason();
    }
    int most = MOST_THREADS * Runtime.getRuntime().availableProcessors();
    team =
        new ThreadTeam(options.threads() > 0 ? Math.min(options.threads(), most) : facts.cores());
  }

  private static InstructionSet.Choice choose(DeviceOptions options) {
    if (!options.repack()) {
      return new InstructionSet.Choice(null, "machine code needs weights repacked");
    }
    return InstructionSet.choose();
  }

  @Override
  public DeviceInfo info() {
    return facts.info(team.size(), math);
  }

  @Override
  public int threads() {
    return team.size();
  }

  @Override
  public Support supports(Op op) {
    return CpuCapabilities.INSTANCE.supports(op);
  }

  @Override
  public Weight load(TensorSpec spec, MemorySegment data) {
    checkOpen();
    PanelFormat format = panels(spec);
    return own(
        format != null
            ? CpuWeight.panels(spec, data, format, family.panels(), team)
            : CpuWeight.of(spec, data));
  }

  @Override
  public long weightBytes(TensorSpec spec) {
    PanelFormat format = panels(spec);
    return format == null ? 0 : format.bytes(spec.cols(), spec.rows(), spec.experts());
  }

  /** The panels that a weight is brought into, or null where it stays as it is. */
  private PanelFormat panels(TensorSpec spec) {
    if (family.panels() == null || spec.use() != TensorSpec.Use.MATRIX) {
      return null;
    }
    PanelFormat format =
        integers
            ? PanelFormats.of(spec.type(), spec.cols())
            : PanelFormats.floats(spec.type(), spec.cols());
    return format != null && family.panels().multiplies(format) ? format : null;
  }

  @Override
  public long workBytes(Graph graph, Limits limits) {
    return CpuProgram.workBytes(graph, limits, team.size(), this::panels, family);
  }

  @Override
  public Buffer allocate(long bytes) {
    checkOpen();
    return own(new CpuBuffer(bytes));
  }

  @Override
  public Program compile(Graph graph, Map<TensorSpec, Weight> weights, Limits limits) {
    checkOpen();
    Map<TensorSpec, CpuWeight> loaded =
        CompileChecks.weights(graph, weights, CpuWeight.class, w -> true);
    CompileChecks.support(this, graph);
    return own(new CpuProgram(graph, loaded, limits, team, start, family));
  }

  @Override
  public Optional<DeviceSpeed> measureSpeed() {
    checkOpen();
    return Optional.of(MachineLimits.measure(team, info().memoryFree()));
  }

  /** Frees everything that was made here; closing it afterwards does nothing. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    team.close();
    for (AutoCloseable resource : open.reversed()) {
      switch (resource) {
        case Program program -> program.close();
        case Buffer buffer -> buffer.close();
        case Weight weight -> weight.close();
        default -> throw new AssertionError(resource);
      }
    }
    open.clear();
  }

  private <T extends AutoCloseable> T own(T resource) {
    open.add(resource);
    return resource;
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("the device is closed");
    }
  }
}
