package dev.lamina.placement;

import dev.lamina.backend.Graph;
import dev.lamina.model.ModelGraph;

/**
 * The slots of a model: its layers, and behind the last one the output. Graphs of single slots are
 * built once, since every device is asked about each.
 */
final class Slots {
  private final ModelGraph model;
  private final Graph[] single;

  Slots(ModelGraph model) {
    this.model = model;
    this.single = new Graph[model.layers() + 1];
  }

  /** The number of slots. */
  int count() {
    return single.length;
  }

  /** The slot of the output. */
  int output() {
    return single.length - 1;
  }

  /** What one slot computes. */
  Graph graph(int slot) {
    if (single[slot] == null) {
      single[slot] = graph(slot, slot + 1);
    }
    return single[slot];
  }

  /** What the slots from {@code first} up to and without {@code end} compute as one stage. */
  Graph graph(int first, int end) {
    int n = output();
    return model.stage(first, Math.min(end, n), end > n);
  }

  /** For messages: {@code layer 3}, or {@code the output}. */
  String name(int slot) {
    return slot == output() ? "the output" : "layer " + slot;
  }
}
