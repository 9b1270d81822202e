package dev.lamina.backend.testing;

import dev.lamina.backend.Limits;
import dev.lamina.backend.Output;
import dev.lamina.backend.Step;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Sequences growing over steps, on pages that are given out in random order and given out again
 * once nobody has them. The tokens are numbered on and on, as far as a source has rows.
 */
final class Batches {
  private final Limits limits;
  private final SplittableRandom random;
  private final int[] length;
  private final int[][][] tables;
  private final int[][] owners;
  private List<Step.PageCopy> copies = new ArrayList<>();
  private int nextToken;

  Batches(Limits limits, long seed) {
    this.limits = limits;
    random = new SplittableRandom(seed);
    length = new int[limits.maxSequences()];
    int groups = limits.groups().size();
    tables = new int[groups][limits.maxSequences()][];
    owners = new int[groups][];
    for (int g = 0; g < groups; g++) {
      for (int s = 0; s < limits.maxSequences(); s++) {
        tables[g][s] = new int[limits.groups().get(g).maxPagesPerSequence()];
        Arrays.fill(tables[g][s], -1);
      }
      owners[g] = new int[limits.groups().get(g).pages()];
    }
  }

  /** A step that adds tokens to sequences: slot, count, slot, count ... */
  Step step(Output want, int... slotsAndCounts) {
    List<int[]> tokens = new ArrayList<>();
    List<Integer> outputs = new ArrayList<>();
    int[][][] seen = new int[tables.length][limits.maxSequences()][];
    for (int i = 0; i < slotsAndCounts.length; i += 2) {
      int slot = slotsAndCounts[i];
      for (int n = 0; n < slotsAndCounts[i + 1]; n++) {
        int position = length[slot]++;
        for (int g = 0; g < tables.length; g++) {
          int page = position / limits.pageSize();
          if (tables[g][slot][page] < 0) {
            tables[g][slot][page] = give(g);
          }
        }
        tokens.add(new int[] {nextToken++ % Scene.SOURCE_ROWS, position, slot});
      }
      outputs.add(tokens.size() - 1);
      for (int g = 0; g < tables.length; g++) {
        seen[g][slot] = tables[g][slot].clone();
      }
    }
    List<Step.PageCopy> now = copies;
    copies = new ArrayList<>();
    return new Step(
        column(tokens, 0),
        column(tokens, 1),
        column(tokens, 2),
        outputs.stream().mapToInt(Integer::intValue).toArray(),
        seen,
        now,
        want);
  }

  /**
   * Lets {@code to} go on from where {@code from} is: full pages are shared, the last is copied.
   */
  void fork(int from, int to) {
    end(to);
    length[to] = length[from];
    for (int g = 0; g < tables.length; g++) {
      for (int p = 0; p < tables[g][from].length; p++) {
        int page = tables[g][from][p];
        if (page < 0) {
          continue;
        }
        if ((p + 1) * limits.pageSize() <= length[from]) {
          tables[g][to][p] = page;
          owners[g][page]++;
        } else {
          tables[g][to][p] = give(g);
          copies.add(new Step.PageCopy(g, page, tables[g][to][p]));
        }
      }
    }
  }

  /** Frees the pages of a group that no later token of the sequence sees through the window. */
  void slide(int slot, int group, int window) {
    int firstSeen = length[slot] - window + 1;
    for (int p = 0; (p + 1) * limits.pageSize() <= firstSeen; p++) {
      free(group, slot, p);
    }
  }

  /** Forgets a sequence and frees its pages. */
  void end(int slot) {
    length[slot] = 0;
    for (int g = 0; g < tables.length; g++) {
      for (int p = 0; p < tables[g][slot].length; p++) {
        free(g, slot, p);
      }
    }
  }

  private void free(int group, int slot, int p) {
    int page = tables[group][slot][p];
    if (page >= 0) {
      owners[group][page]--;
      tables[group][slot][p] = -1;
    }
  }

  private int give(int group) {
    int pages = owners[group].length;
    int start = random.nextInt(pages);
    for (int i = 0; i < pages; i++) {
      int page = (start + i) % pages;
      if (owners[group][page] == 0) {
        owners[group][page] = 1;
        return page;
      }
    }
    throw new AssertionError("the test has too few pages");
  }

  private static int[] column(List<int[]> rows, int i) {
    return rows.stream().mapToInt(row -> row[i]).toArray();
  }
}
