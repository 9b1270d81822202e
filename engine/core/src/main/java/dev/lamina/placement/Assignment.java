package dev.lamina.placement;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Which slot goes where, and why those of the CPU go nowhere else. */
final class Assignment {
  /** In {@link #owner}: no device. */
  static final int CPU = -1;

  /** For each slot the number of its device among the placement's GPUs, or {@link #CPU}. */
  final int[] owner;

  /** For each slot what each device said against it, by the device's id. */
  final List<Map<String, Reason>> reasons = new ArrayList<>();

  Assignment(int slots) {
    owner = new int[slots];
    Arrays.fill(owner, CPU);
    for (int i = 0; i < slots; i++) {
      reasons.add(new LinkedHashMap<>());
    }
  }

  boolean onCpu(int slot) {
    return owner[slot] == CPU;
  }

  /** How many slots have a device. */
  int offloaded() {
    return (int) Arrays.stream(owner).filter(o -> o != CPU).count();
  }

  /** Whether more memory would let more slots go. */
  boolean wantsMemory() {
    return reasons.stream()
        .anyMatch(r -> r.values().stream().anyMatch(x -> x.kind() == Reason.Kind.MEMORY));
  }
}
