package dev.lamina.placement;

import dev.lamina.LaminaException;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceInfo;
import dev.lamina.backend.Graph;
import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.Support;
import dev.lamina.backend.TensorSpec;
import dev.lamina.features.MatrixRules;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What a device has said about one model, and what it holds of it so far. Slots are layers, and
 * behind the last one the output. A device that throws where it is asked becomes a {@link Failure}.
 */
final class DeviceLedger {
  /** A device that failed while it was asked; placement goes on without it. */
  static final class Failure extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final String deviceId;

    Failure(String deviceId, Throwable cause) {
      super(cause instanceof LaminaException ? cause.getMessage() : String.valueOf(cause), cause);
      this.deviceId = deviceId;
    }

    String deviceId() {
      return deviceId;
    }
  }

  private final Slots slots;
  private final Limits limits;
  private final Device device;
  private final DeviceInfo info;
  private final long margin;
  private final Answer[] answers;

  /** Bytes of weights and KV pages of single slots; -1: not asked yet. */
  private final long[] fixedBytes;

  /** Bytes of the runs of slots taken so far. */
  private long takenBytes;

  DeviceLedger(
      Slots slots, Limits limits, Device device, PlacementRequest request, Setbacks setbacks) {
    this.slots = slots;
    this.limits = limits;
    this.device = device;
    this.info = device.info();
    this.margin =
        (request.memoryMargin() >= 0
                ? request.memoryMargin()
                : PlacementRequest.defaultMargin(info.memoryTotal()))
            + setbacks.scarceBytes(info.id());
    this.answers = new Answer[slots.count()];
    this.fixedBytes = new long[slots.count()];
    Arrays.fill(fixedBytes, -1);
  }

  Device device() {
    return device;
  }

  DeviceInfo info() {
    return info;
  }

  long margin() {
    return margin;
  }

  /** Forgets what the device holds, not what it has said. */
  void clear() {
    takenBytes = 0;
  }

  /**
   * What the device says of some ops together, memory aside.
   *
   * @param no why it does not run them
   * @param slow why it runs them slowly
   */
  record Answer(Optional<Reason> no, Optional<String> slow) {}

  /** What the device says of a slot. */
  Answer answer(int slot) {
    if (answers[slot] == null) {
      answers[slot] = answer(slots.graph(slot));
    }
    return answers[slot];
  }

  /** What the device says of a graph. */
  Answer answer(Graph graph) {
    Optional<String> firstSlow = Optional.empty();
    for (Op op : graph.ops()) {
      Optional<String> rule = MatrixRules.forbids(info.backend(), op);
      if (rule.isPresent()) {
        return no(Reason.Kind.RULE, rule.get());
      }
      switch (MatrixRules.apply(info.backend(), op, guard(() -> device.supports(op)))) {
        case Support.Full full -> {}
        case Support.Slow slow -> firstSlow = firstSlow.or(() -> Optional.of(slow.reason()));
        case Support.No no -> {
          return no(Reason.Kind.UNSUPPORTED, no.reason());
        }
      }
    }
    return new Answer(Optional.empty(), firstSlow);
  }

  private static Answer no(Reason.Kind kind, String text) {
    return new Answer(Optional.of(new Reason(kind, text)), Optional.empty());
  }

  /**
   * Takes as many of the slots from {@code first} up to and without {@code end} as fit into the
   * memory left, the last ones first, as one stage.
   *
   * @return the first slot taken; {@code end} where none was
   */
  int take(int first, int end) {
    // The work space of a stage is at least that of its last slot, and hardly more: with it as the
    // estimate the answer is right or one too many, and few stages need to be built.
    long estimate = takenBytes + workBytes(slots.graph(end - 1));
    int taken = end;
    while (taken > first && estimate + fixedBytes(taken - 1) <= room()) {
      taken--;
      estimate += fixedBytes(taken);
    }
    long bytes = 0;
    while (taken < end && takenBytes + (bytes = bytes(taken, end)) > room()) {
      taken++;
    }
    takenBytes += taken < end ? bytes : 0;
    return taken;
  }

  private long fixedBytes(int slot) {
    if (fixedBytes[slot] < 0) {
      Graph graph = slots.graph(slot);
      fixedBytes[slot] = weightBytes(graph) + kvBytes(graph);
    }
    return fixedBytes[slot];
  }

  /** Why slot {@code slot}, lower than all taken before, was not: what is missing. */
  Reason full(int slot, int end) {
    long more = bytes(slot, end) - (slot + 1 < end ? bytes(slot + 1, end) : 0);
    return new Reason(
        Reason.Kind.MEMORY,
        String.format(
            Locale.ROOT,
            "full: %s would take %s more, and %s of the %s free are left besides the %s kept free",
            slots.name(slot),
            Bytes.text(more),
            Bytes.text(Math.max(0, room() - takenBytes)),
            Bytes.text(info.memoryFree()),
            Bytes.text(Math.min(margin, info.memoryFree()))));
  }

  private long room() {
    return Math.max(0, info.memoryFree() - margin);
  }

  private long bytes(int first, int end) {
    Graph graph = slots.graph(first, end);
    return weightBytes(graph) + kvBytes(graph) + workBytes(graph);
  }

  /** Bytes of weights; on the CPU also where they are the file's mapping. */
  long weightBytes(Graph graph) {
    long sum = 0;
    for (TensorSpec weight : graph.weights()) {
      long own = guard(() -> device.weightBytes(weight));
      sum += info.kind() == DeviceInfo.Kind.CPU ? Math.max(own, weight.bytes()) : own;
    }
    return sum;
  }

  long kvBytes(Graph graph) {
    long sum = 0;
    for (KvSpec kv : graph.kv()) {
      sum += limits.kvBytes(kv);
    }
    return sum;
  }

  long workBytes(Graph graph) {
    return guard(() -> device.workBytes(graph, limits));
  }

  private <T> T guard(Supplier<T> question) {
    try {
      return question.get();
    } catch (RuntimeException | LinkageError e) {
      throw new Failure(info.id(), e);
    }
  }
}
