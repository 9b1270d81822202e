package dev.lamina.shaders;

import dev.lamina.backend.Limits;
import dev.lamina.backend.Step;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * A step as the ints that kernels read, always at the same places, and the numbers that decide
 * which launches run and how large they are.
 */
public final class StepData {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

  /** Steps of more tokens fill a device without cutting the positions. */
  static final int SPLIT_TOKENS = 16;

  /** Positions that are worth a part of their own. */
  private static final int SPLIT_POSITIONS = 128;

  /** The most parts of the positions. */
  static final int MOST_SPLITS = 16;

  private final Limits limits;
  private final List<Integer> tileTokens;
  private final int[] tablesAt;
  private final int ints;
  private final int[] tiles;
  private int tokens;
  private int outputs;
  private int longestRun;
  private int splits;

  /**
   * @param tileTokens for each list of attention tiles, the most tokens of a tile
   */
  StepData(Limits limits, List<Integer> tileTokens) {
    this.limits = limits;
    this.tileTokens = List.copyOf(tileTokens);
    tiles = new int[tileTokens.size()];
    tablesAt = new int[limits.groups().size()];
    int at = tilesAt(tileTokens.size());
    for (int g = 0; g < tablesAt.length; g++) {
      tablesAt[g] = at;
      at = Math.addExact(at, Math.multiplyExact(limits.maxSequences(), tableWidth(g)));
    }
    ints = at;
  }

  /** Bytes of the step's data on the device. */
  public long bytes() {
    return (long) ints * Integer.BYTES;
  }

  int idsAt() {
    return 0;
  }

  int positionsAt() {
    return limits.maxTokens();
  }

  int slotsAt() {
    return 2 * limits.maxTokens();
  }

  int outputRowsAt() {
    return 3 * limits.maxTokens();
  }

  int tilesAt(int list) {
    return 3 * limits.maxTokens() + limits.maxOutputs() + list * 2 * limits.maxTokens();
  }

  int tableAt(int group) {
    return tablesAt[group];
  }

  int tableWidth(int group) {
    return limits.groups().get(group).maxPagesPerSequence();
  }

  /** The number for the step that was written last. */
  public int count(Count count) {
    return switch (count.kind()) {
      case TOKENS -> tokens;
      case OUTPUTS -> outputs;
      case LONGEST_RUN -> longestRun;
      case SPLITS -> splits;
      case TILES -> tiles[count.list()];
    };
  }

  /**
   * Takes over a step, which {@link Limits#check} has passed.
   *
   * @param to at least {@link #bytes()} of host memory
   */
  public void write(Step step, MemorySegment to) {
    tokens = step.tokens();
    outputs = step.outputs();
    put(to, idsAt(), step.tokenIds(), tokens);
    put(to, positionsAt(), step.positions(), tokens);
    put(to, slotsAt(), step.slots(), tokens);
    put(to, outputRowsAt(), step.outputRows(), outputs);
    longestRun = 0;
    int furthest = 0;
    for (int list = 0; list < tiles.length; list++) {
      tiles[list] = 0;
    }
    for (int first = 0; first < tokens; ) {
      int end = first + 1;
      while (end < tokens && step.slots()[end] == step.slots()[first]) {
        end++;
      }
      longestRun = Math.max(longestRun, end - first);
      furthest = Math.max(furthest, step.positions()[end - 1] + 1);
      tile(to, first, end);
      tables(to, step, step.slots()[first]);
      first = end;
    }
    splits =
        tokens > SPLIT_TOKENS
            ? 1
            : Math.clamp(Math.ceilDiv(furthest, SPLIT_POSITIONS), 1, MOST_SPLITS);
  }

  private void tile(MemorySegment to, int first, int end) {
    for (int list = 0; list < tiles.length; list++) {
      int most = tileTokens.get(list);
      for (int t = first; t < end; t += most) {
        int at = tilesAt(list) + 2 * tiles[list]++;
        to.setAtIndex(INT, at, t);
        to.setAtIndex(INT, at + 1, Math.min(most, end - t));
      }
    }
  }

  private void tables(MemorySegment to, Step step, int slot) {
    for (int g = 0; g < tablesAt.length; g++) {
      int[] pages = step.pageTable()[g][slot];
      put(to, tablesAt[g] + slot * tableWidth(g), pages, Math.min(pages.length, tableWidth(g)));
    }
  }

  private static void put(MemorySegment to, int at, int[] values, int n) {
    MemorySegment.copy(values, 0, to, INT, (long) at * Integer.BYTES, n);
  }
}
