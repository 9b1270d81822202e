package dev.lamina.placement;

import dev.lamina.LaminaException;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceInfo;
import dev.lamina.backend.Graph;
import dev.lamina.backend.Limits;
import dev.lamina.model.ModelGraph;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Places the layers of a model. A layer goes to a device whole or not at all; it goes where the
 * device supports every op of it, no rule forbids one, and weights, KV pages and work space fit
 * with a margin. The others run on the CPU.
 *
 * <p>Slots are counted as in llama.cpp ({@code llama_model::load_tensors}): the output is the last
 * slot, and N layers are the last N slots. Where not all of them fit, those nearest to the output
 * go. Several devices hold contiguous ranges in device order, by shares of the number of slots
 * ({@code --tensor-split}, or free memory); where a range does not fit, what is left of it moves on
 * to the devices before, and where that leaves room unused behind, the ranges of the devices behind
 * grow just as far as it takes. {@code auto} fills the discrete card with the most free memory
 * first, from the output's end, then the next, then integrated GPUs.
 *
 * <p>A layer that a device does not run stays on the CPU (or goes to another device that does), and
 * the layers around it may go all the same: each change of device costs one copy of the hidden
 * state. With {@code auto}, layers between two CPU stages go only where they read at least {@link
 * #WORTH_A_VISIT} bytes of weights together, and the output goes only where a layer does.
 */
public final class Planner {
  /**
   * Weight bytes that make it worth to leave the CPU for a device and come back: a CPU reads them
   * in about a millisecond at 20 GB/s, well above two copies with their waits.
   */
  static final long WORTH_A_VISIT = 16L << 20;

  private static final int CPU = -1;

  private final ModelGraph model;
  private final PlacementRequest request;
  private final List<DeviceLedger> cpus = new ArrayList<>();
  private final Candidates candidates;
  private final List<DeviceLedger> gpus = new ArrayList<>();
  private final Slots graphs;
  private final int slots;
  private final int windowStart;

  /** Slots that automatic placement gave back to the CPU. */
  private final Set<Integer> notWorthIt = new HashSet<>();

  private Planner(
      ModelGraph model,
      Limits limits,
      List<Device> devices,
      Device cpu,
      PlacementRequest request,
      Setbacks setbacks) {
    this.model = model;
    this.request = request;
    this.graphs = new Slots(model);
    this.slots = graphs.count();
    this.windowStart = slots - request.gpuLayers().slots(model.layers());
    cpus.add(new DeviceLedger(graphs, limits, cpu, request, setbacks));
    for (Device device : devices) {
      if (device != cpu && Placement.isCpu(device)) {
        cpus.add(new DeviceLedger(graphs, limits, device, request, setbacks));
      }
    }
    this.candidates = Candidates.choose(devices, cpu, request, setbacks.failed());
    candidates
        .devices()
        .forEach(device -> gpus.add(new DeviceLedger(graphs, limits, device, request, setbacks)));
  }

  /**
   * Places a model.
   *
   * @param model what is to run
   * @param limits what the programs must be able to do at once; KV pages follow from it
   * @param devices all devices, in device order; further CPU devices among them are last resorts
   *     for ops that {@code cpu} does not run
   * @param cpu the device for whatever goes nowhere else
   * @param request the user's wishes
   * @throws LaminaException where the request names a device that is not there, or no device runs
   *     some op of the model
   */
  public static Placement plan(
      ModelGraph model, Limits limits, List<Device> devices, Device cpu, PlacementRequest request) {
    return plan(model, limits, devices, cpu, request, Setbacks.NONE);
  }

  /**
   * Places a model anew after something went wrong.
   *
   * @param setbacks what did; the failures are kept in the placement's notes
   */
  public static Placement plan(
      ModelGraph model,
      Limits limits,
      List<Device> devices,
      Device cpu,
      PlacementRequest request,
      Setbacks setbacks) {
    try {
      return new Planner(model, limits, devices, cpu, request, setbacks).plan();
    } catch (DeviceLedger.Failure e) {
      if (setbacks.failed().containsKey(e.deviceId()) || e.deviceId().equals(cpu.info().id())) {
        throw new LaminaException(e.deviceId() + " failed: " + e.getMessage(), e);
      }
      Setbacks more = setbacks.withFailed(e.deviceId(), e.getMessage());
      return plan(model, limits, devices, cpu, request, more);
    }
  }

  private Placement plan() {
    Assignment best = assign();
    if (request.gpuLayers() instanceof GpuLayers.Auto) {
      while (giveBackSmallVisits(best)) {
        best = assign();
      }
    }
    return placement(best);
  }

  /** Which slot goes where: a number into {@link #gpus}, or {@link #CPU} with the reasons. */
  private final class Assignment {
    final int[] owner = new int[slots];
    final List<Map<String, Reason>> reasons = new ArrayList<>();

    Assignment() {
      Arrays.fill(owner, CPU);
      for (int i = 0; i < slots; i++) {
        reasons.add(new LinkedHashMap<>());
      }
    }

    int offloaded() {
      return (int) Arrays.stream(owner).filter(o -> o != CPU).count();
    }

    boolean wantsMemory() {
      return reasons.stream()
          .anyMatch(r -> r.values().stream().anyMatch(x -> x.kind() == Reason.Kind.MEMORY));
    }
  }

  private Assignment assign() {
    int[] none = new int[gpus.size()];
    Arrays.fill(none, windowStart);
    if (candidates.shares() == null || gpus.size() < 2) {
      return fill(none);
    }
    int[] wanted = shareStarts();
    Assignment best = fill(wanted);
    if (!best.wantsMemory()) {
      return best;
    }
    // Move the devices' ranges towards the packed ones just as far as it takes to place as many.
    Assignment packed = fill(none);
    if (packed.offloaded() == best.offloaded()) {
      return best;
    }
    best = packed;
    int near = 0;
    int far = slots;
    while (far - near > 1) {
      int middle = (near + far) / 2;
      int[] starts = new int[wanted.length];
      for (int i = 0; i < starts.length; i++) {
        starts[i] = wanted[i] - (wanted[i] - windowStart) * middle / slots;
      }
      Assignment moved = fill(starts);
      if (moved.offloaded() >= packed.offloaded()) {
        best = moved;
        far = middle;
      } else {
        near = middle;
      }
    }
    return best;
  }

  /** The first slot of each device by its share, with llama.cpp's float arithmetic. */
  private int[] shareStarts() {
    List<Float> shares = candidates.shares();
    float sum = 0;
    float[] upTo = new float[shares.size()];
    for (int i = 0; i < upTo.length; i++) {
      sum += shares.get(i);
      upTo[i] = sum;
    }
    int[] starts = new int[upTo.length];
    Arrays.fill(starts, slots);
    for (int slot = slots - 1; slot >= windowStart; slot--) {
      float at = (float) (slot - windowStart) / (slots - windowStart);
      int device = 0;
      while (device < upTo.length - 1 && at >= upTo[device] / sum) {
        device++;
      }
      starts[device] = slot;
    }
    // A device without slots of its own begins where the next one does.
    for (int i = upTo.length - 2; i >= 0; i--) {
      starts[i] = Math.min(starts[i], starts[i + 1]);
    }
    return starts;
  }

  /** Fills every device from the output's end, down to its own first slot. */
  private Assignment fill(int[] starts) {
    Assignment result = new Assignment();
    for (int g = gpus.size() - 1; g >= 0; g--) {
      gpus.get(g).clear();
      int low = g == 0 ? windowStart : starts[g];
      boolean full = false;
      for (int end = slots; end > low && !full; ) {
        if (!wants(result, g, end - 1)) {
          end--;
          continue;
        }
        int first = end - 1;
        while (first > low && wants(result, g, first - 1)) {
          first--;
        }
        full = take(result, g, first, end, low);
        // An output too large for the device is no reason to leave its memory empty.
        boolean outputAlone = full && end == slots && result.owner[slots - 1] != g;
        full &= !outputAlone;
        end = outputAlone ? end - 1 : first;
      }
    }
    return result;
  }

  /** Whether a slot is free and the device runs it; notes the reason where it does not. */
  private boolean wants(Assignment result, int g, int slot) {
    if (result.owner[slot] != CPU) {
      return false;
    }
    Optional<Reason> no = keptOff(slot).or(() -> gpus.get(g).answer(slot).no());
    no.ifPresent(reason -> result.reasons.get(slot).put(gpus.get(g).info().id(), reason));
    return no.isEmpty();
  }

  /**
   * Gives a device what fits of a range of slots.
   *
   * @return whether it is full; the reason is then noted for all slots left, down to {@code low}
   */
  private boolean take(Assignment result, int g, int first, int end, int low) {
    DeviceLedger gpu = gpus.get(g);
    int taken = gpu.take(first, end);
    Arrays.fill(result.owner, taken, end, g);
    if (taken == first) {
      return false;
    }
    Reason reason = gpu.full(taken - 1, end);
    for (int slot = taken - 1; slot >= low; slot--) {
      if (result.owner[slot] == CPU && wants(result, g, slot)) {
        result.reasons.get(slot).put(gpu.info().id(), reason);
      }
    }
    return true;
  }

  /** What keeps a slot off every device. */
  private Optional<Reason> keptOff(int slot) {
    if (notWorthIt.contains(slot)) {
      return Optional.of(
          new Reason(
              Reason.Kind.NOT_WORTH_IT,
              slot == slots - 1
                  ? "no layer goes there, so the output does not"
                  : "alone between CPU layers and too small to be worth the way there and back"));
    }
    if (!request.kvOffload() && slot < slots - 1 && !graphs.graph(slot).kv().isEmpty()) {
      return Optional.of(
          new Reason(
              Reason.Kind.KV_ON_HOST,
              "--no-kv-offload keeps its keys and values in host memory, and a layer runs where"
                  + " they are"));
    }
    return Optional.empty();
  }

  /** Marks small runs between CPU layers, and an output alone; false where there are none left. */
  private boolean giveBackSmallVisits(Assignment plan) {
    boolean any = false;
    for (int first = 0; first < slots; ) {
      int end = first + 1;
      while (end < slots && plan.owner[end] == plan.owner[first]) {
        end++;
      }
      if (plan.owner[first] != CPU) {
        boolean outputAlone = first == slots - 1 && slots > 1 && plan.owner[first - 1] == CPU;
        boolean between =
            first > 0 && end < slots && plan.owner[first - 1] == CPU && plan.owner[end] == CPU;
        DeviceLedger gpu = gpus.get(plan.owner[first]);
        if ((outputAlone && plan.offloaded() == 1)
            || (between && gpu.weightBytes(graphs.graph(first, end)) < WORTH_A_VISIT)) {
          for (int slot = first; slot < end; slot++) {
            any |= notWorthIt.add(slot);
          }
        }
      }
      first = end;
    }
    return any;
  }

  private Placement placement(Assignment plan) {
    List<LayerPlacement> layers = new ArrayList<>();
    List<DeviceLedger> ledgers = new ArrayList<>();
    for (int slot = 0; slot < slots; slot++) {
      DeviceLedger ledger = plan.owner[slot] == CPU ? cpuFor(slot) : gpus.get(plan.owner[slot]);
      ledgers.add(ledger);
      layers.add(new LayerPlacement(slot, ledger.device(), reason(plan, slot)));
    }
    Map<DeviceLedger, List<Stage>> byDevice = new LinkedHashMap<>();
    byDevice.put(cpus.getFirst(), new ArrayList<>());
    gpus.forEach(gpu -> byDevice.put(gpu, new ArrayList<>()));
    List<Stage> stages = new ArrayList<>();
    for (int first = 0; first < slots; ) {
      DeviceLedger ledger = ledgers.get(first);
      int end = first + 1;
      while (end < slots && ledgers.get(end) == ledger) {
        end++;
      }
      Graph graph = graphs.graph(first, end);
      Stage stage =
          new Stage(
              ledger.device(),
              first,
              Math.min(end, slots - 1),
              end == slots,
              ledger.weightBytes(graph),
              ledger.kvBytes(graph),
              ledger.workBytes(graph));
      stages.add(stage);
      byDevice.computeIfAbsent(ledger, l -> new ArrayList<>()).add(stage);
      first = end;
    }
    Graph lookup = model.embedding();
    DeviceLedger embedding = firstCpu("the embedding lookup", l -> l.answer(lookup));
    byDevice.putIfAbsent(embedding, new ArrayList<>());
    List<String> notes = new ArrayList<>(candidates.notes());
    List<Placement.DeviceUse> uses = new ArrayList<>();
    byDevice.forEach(
        (ledger, own) -> {
          Placement.DeviceUse use = use(ledger, own, ledger == embedding ? lookup : null);
          uses.add(use);
          notes.addAll(warnings(ledger, own, use));
        });
    return new Placement(request.gpuLayers(), embedding.device(), stages, layers, uses, notes);
  }

  private static Placement.DeviceUse use(DeviceLedger ledger, List<Stage> stages, Graph lookup) {
    return new Placement.DeviceUse(
        ledger.device(),
        stages.stream().mapToInt(Stage::layers).sum(),
        stages.stream().anyMatch(Stage::output),
        stages.stream().mapToLong(Stage::weightBytes).sum()
            + (lookup == null ? 0 : ledger.weightBytes(lookup)),
        stages.stream().mapToLong(Stage::kvBytes).sum(),
        stages.stream().mapToLong(Stage::workBytes).sum()
            + (lookup == null ? 0 : ledger.workBytes(lookup)),
        ledger.info().memoryFree(),
        ledger.margin());
  }

  /** What will be slower than one may expect. */
  private List<String> warnings(DeviceLedger ledger, List<Stage> stages, Placement.DeviceUse use) {
    Map<String, List<Integer>> slow = new LinkedHashMap<>();
    for (Stage stage : stages) {
      for (int slot = stage.first(); slot < stage.end() + (stage.output() ? 1 : 0); slot++) {
        Optional<String> why = ledger.answer(slot).slow();
        if (why.isPresent()) {
          slow.computeIfAbsent(why.get(), w -> new ArrayList<>()).add(slot);
        }
      }
    }
    List<String> warnings = new ArrayList<>();
    String id = ledger.info().id();
    slow.forEach(
        (why, which) ->
            warnings.add(
                id + " runs " + Summary.slots(which, graphs.output()) + " slowly: " + why));
    long memory = ledger.info().memoryTotal();
    if (ledger.info().kind() == DeviceInfo.Kind.CPU && memory > 0 && use.bytes() > memory) {
      warnings.add(
          "the CPU's part takes "
              + Bytes.text(use.bytes())
              + " of "
              + Bytes.text(memory)
              + " memory: much of it will be read from the disk again for every token");
    }
    return warnings;
  }

  private Reason reason(Assignment plan, int slot) {
    if (plan.owner[slot] != CPU) {
      return new Reason(Reason.Kind.PLACED, "fits, and every op of it is supported");
    }
    if (slot < windowStart) {
      int asked = slots - windowStart;
      return new Reason(
          Reason.Kind.NOT_ASKED,
          asked == 0 ? "-ngl 0 asks for no layer" : "-ngl " + asked + " asks for others");
    }
    Map<String, Reason> reasons = plan.reasons.get(slot);
    if (reasons.isEmpty()) {
      return candidates.none();
    }
    String text =
        reasons.entrySet().stream()
            .map(e -> e.getKey() + ": " + e.getValue().text())
            .collect(Collectors.joining("; "));
    return new Reason(reasons.values().iterator().next().kind(), text);
  }

  private DeviceLedger cpuFor(int slot) {
    return firstCpu(graphs.name(slot), ledger -> ledger.answer(slot));
  }

  private DeviceLedger firstCpu(String what, Function<DeviceLedger, DeviceLedger.Answer> ask) {
    List<String> reasons = new ArrayList<>();
    for (DeviceLedger ledger : cpus) {
      Optional<Reason> no = ask.apply(ledger).no();
      if (no.isEmpty()) {
        return ledger;
      }
      reasons.add(ledger.info().id() + ": " + no.get().text());
    }
    throw new LaminaException("no device runs " + what + ": " + String.join("; ", reasons));
  }
}
