package dev.lamina.placement;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Gives the slots of a model to devices: as many as fit, nearest to the output first, in the shares
 * asked for as far as memory lets them, and with {@code auto} none that is not worth the way.
 */
final class Assigner {
  /**
   * Weight bytes that make it worth to leave the CPU for a device and come back: a CPU reads them
   * in about a millisecond at 20 GB/s, well above two copies with their waits.
   */
  static final long WORTH_A_VISIT = 16L << 20;

  private final Slots graphs;
  private final List<DeviceLedger> gpus;
  private final List<Float> shares;
  private final PlacementRequest request;
  private final int slots;

  /** The first slot that may leave the CPU. */
  private final int windowStart;

  /** Slots that automatic placement gave back to the CPU. */
  private final Set<Integer> notWorthIt = new HashSet<>();

  /**
   * @param gpus the devices in pipeline order: the last one holds the output
   * @param shares the part of the slots that each should get; null: as many as fit
   */
  Assigner(Slots graphs, List<DeviceLedger> gpus, List<Float> shares, PlacementRequest request) {
    this.graphs = graphs;
    this.gpus = gpus;
    this.shares = shares;
    this.request = request;
    this.slots = graphs.count();
    this.windowStart = slots - request.gpuLayers().slots(graphs.output());
  }

  /** The best assignment. The devices' ledgers hold some other one afterwards. */
  Assignment assign() {
    Assignment best = share();
    if (request.gpuLayers() instanceof GpuLayers.Auto) {
      while (giveBackSmallVisits(best)) {
        best = share();
      }
    }
    return best;
  }

  /** By the shares asked for, or nearer to the packed form where memory forces it. */
  private Assignment share() {
    int[] none = new int[gpus.size()];
    Arrays.fill(none, windowStart);
    if (shares == null || gpus.size() < 2) {
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
    Assignment result = new Assignment(slots);
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
    if (!result.onCpu(slot)) {
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
      if (result.onCpu(slot) && wants(result, g, slot)) {
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
      if (!plan.onCpu(first)) {
        boolean outputAlone = first == slots - 1 && slots > 1 && plan.onCpu(first - 1);
        boolean between = first > 0 && end < slots && plan.onCpu(first - 1) && plan.onCpu(end);
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
}
