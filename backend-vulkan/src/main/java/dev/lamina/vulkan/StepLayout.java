package dev.lamina.vulkan;

import dev.lamina.backend.Limits;
import dev.lamina.backend.Step;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Where a step's data lie in the buffer that kernels read them from, in words: the numbers of
 * tokens and of outputs first, then arrays of the greatest size that the limits allow.
 */
final class StepLayout {
  private static final int HEADER = 4;

  private final Limits limits;
  private final int[] pagesAt;
  private final int tilesAt;
  private final int tileLists;

  /**
   * @param tileLists lists of attention tiles
   */
  StepLayout(Limits limits, int tileLists) {
    this.limits = limits;
    this.tileLists = tileLists;
    pagesAt = new int[limits.groups().size()];
    int at = outputRowsAt() + limits.maxOutputs();
    for (int g = 0; g < pagesAt.length; g++) {
      pagesAt[g] = at;
      at =
          Math.addExact(
              at,
              Math.multiplyExact(
                  limits.maxSequences(), limits.groups().get(g).maxPagesPerSequence()));
    }
    tilesAt = at;
  }

  int positionsAt() {
    return HEADER;
  }

  int slotsAt() {
    return positionsAt() + limits.maxTokens();
  }

  int idsAt() {
    return slotsAt() + limits.maxTokens();
  }

  int outputRowsAt() {
    return idsAt() + limits.maxTokens();
  }

  /** The page tables of a group. */
  int pagesAt(int group) {
    return pagesAt[group];
  }

  /** A list of tiles: how many, then the first token and the number of tokens of each. */
  int tilesAt(int list) {
    return tilesAt + list * (1 + 2 * limits.maxTokens());
  }

  long bytes() {
    return 4L * tilesAt(tileLists);
  }

  /**
   * Writes a step.
   *
   * @param tokensPerTile the most tokens in a tile of each list; 0 for lists that are not needed
   */
  void write(Step step, int[] tokensPerTile, MemorySegment to) {
    put(to, 0, step.tokens());
    put(to, 1, step.outputs());
    put(to, positionsAt(), step.positions());
    put(to, slotsAt(), step.slots());
    put(to, idsAt(), step.tokenIds());
    put(to, outputRowsAt(), step.outputRows());
    for (int g = 0; g < pagesAt.length; g++) {
      int most = limits.groups().get(g).maxPagesPerSequence();
      int[][] slots = step.pageTable()[g];
      for (int slot = 0; slot < Math.min(slots.length, limits.maxSequences()); slot++) {
        if (slots[slot] != null) {
          int count = Math.min(most, slots[slot].length);
          MemorySegment.copy(
              slots[slot],
              0,
              to,
              ValueLayout.JAVA_INT,
              4L * (pagesAt[g] + (long) slot * most),
              count);
        }
      }
    }
    for (int list = 0; list < tokensPerTile.length; list++) {
      if (tokensPerTile[list] > 0) {
        tiles(step, tokensPerTile[list], to, tilesAt(list));
      }
    }
  }

  private static void tiles(Step step, int most, MemorySegment to, int at) {
    int tiles = 0;
    int first = 0;
    for (int t = 1; t <= step.tokens(); t++) {
      boolean full = t - first == most;
      if (full || t == step.tokens() || step.slots()[t] != step.slots()[first]) {
        put(to, at + 1 + 2 * tiles, first);
        put(to, at + 2 + 2 * tiles, t - first);
        tiles++;
        first = t;
      }
    }
    put(to, at, tiles);
  }

  private static void put(MemorySegment to, int at, int value) {
    to.set(ValueLayout.JAVA_INT, 4L * at, value);
  }

  private static void put(MemorySegment to, int at, int[] values) {
    MemorySegment.copy(values, 0, to, ValueLayout.JAVA_INT, 4L * at, values.length);
  }
}
