package dev.lamina.placement;

import dev.lamina.LaminaException;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceInfo;
import dev.lamina.backend.Graph;
import dev.lamina.backend.Limits;
import dev.lamina.model.ModelGraph;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
 * Assigner#WORTH_A_VISIT} bytes of weights together, and the output goes only where a layer does.
 */
public final class Planner {
  private final ModelGraph model;
  private final PlacementRequest request;
  private final List<DeviceLedger> cpus = new ArrayList<>();
  private final Candidates candidates;
  private final List<DeviceLedger> gpus = new ArrayList<>();
  private final Slots graphs;
  private final int slots;

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
    Assigner assigner = new Assigner(graphs, gpus, candidates.shares(), request);
    return placement(assigner.assign());
  }

  private Placement placement(Assignment plan) {
    List<LayerPlacement> layers = new ArrayList<>();
    List<DeviceLedger> ledgers = new ArrayList<>();
    for (int slot = 0; slot < slots; slot++) {
      DeviceLedger ledger = plan.onCpu(slot) ? cpuFor(slot) : gpus.get(plan.owner[slot]);
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
    if (!plan.onCpu(slot)) {
      return new Reason(Reason.Kind.PLACED, "fits, and every op of it is supported");
    }
    int asked = request.gpuLayers().slots(model.layers());
    if (slot < slots - asked) {
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
