package dev.lamina.placement;

import dev.lamina.backend.ActivationPlan;
import dev.lamina.backend.Buffer;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceInfo;
import dev.lamina.backend.DeviceInfo.Kind;
import dev.lamina.backend.Graph;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.Program;
import dev.lamina.backend.Support;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Weight;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/** A device to place on, not to run on: a size of memory and a set of ops that it says it runs. */
final class MadeUpDevice implements Device {
  static final long GIB = 1L << 30;
  static final long MIB = 1L << 20;

  private final DeviceInfo info;
  private final Function<Op, Support> supports;

  private MadeUpDevice(DeviceInfo info, Function<Op, Support> supports) {
    this.info = info;
    this.supports = supports;
  }

  static MadeUpDevice cpu() {
    return new MadeUpDevice(
        new DeviceInfo(
            "CPU", "cpu", "made-up CPU", Kind.CPU, 64 * GIB, 32 * GIB, "made up", List.of()),
        op -> Support.FULL);
  }

  /** A card; its backend is its id without the number. */
  static MadeUpDevice card(String id, long memoryFree) {
    return of(id, Kind.DISCRETE_GPU, memoryFree);
  }

  static MadeUpDevice of(String id, Kind kind, long memoryFree) {
    String backend = id.replaceAll("[0-9]", "").toLowerCase(Locale.ROOT);
    return new MadeUpDevice(
        new DeviceInfo(
            id, backend, "made-up " + id, kind, memoryFree, memoryFree, "made up", List.of()),
        op -> Support.FULL);
  }

  /** The same device with a word of its own on ops. */
  MadeUpDevice supporting(Function<Op, Support> other) {
    return new MadeUpDevice(info, other);
  }

  /** The same device under another name for the hardware, and with its bus address. */
  MadeUpDevice hardware(String description, String address) {
    return new MadeUpDevice(
        new DeviceInfo(
            info.id(),
            info.backend(),
            description,
            info.kind(),
            info.memoryTotal(),
            info.memoryFree(),
            info.driver(),
            info.notes(),
            address),
        supports);
  }

  @Override
  public DeviceInfo info() {
    return info;
  }

  @Override
  public Support supports(Op op) {
    return supports.apply(op);
  }

  @Override
  public long workBytes(Graph graph, Limits limits) {
    return ActivationPlan.of(graph, limits).bytes();
  }

  @Override
  public Weight load(TensorSpec spec, MemorySegment data) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Buffer allocate(long bytes) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Program compile(Graph graph, Map<TensorSpec, Weight> weights, Limits limits) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {}
}
