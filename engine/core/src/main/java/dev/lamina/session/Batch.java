package dev.lamina.session;

import dev.lamina.LaminaException;
import dev.lamina.backend.Output;
import dev.lamina.backend.Step;
import dev.lamina.backend.Step.PageCopy;
import java.util.ArrayList;
import java.util.List;

/** Tokens to append to sequences in one step, and the rows of them that want output. */
final class Batch {
  /**
   * A run of tokens for one sequence.
   *
   * @param outputs which of them want output, ascending, counted from {@code from}
   */
  private record Run(Sequence sequence, int[] tokens, int from, int count, int[] outputs) {}

  static final int[] NO_OUTPUTS = {};

  private final List<Run> runs = new ArrayList<>();
  private int tokens;
  private int outputs;

  Batch add(Sequence sequence, int[] tokens, int from, int count, int[] outputs) {
    runs.add(new Run(sequence, tokens, from, count, outputs));
    this.tokens += count;
    this.outputs += outputs.length;
    return this;
  }

  int tokens() {
    return tokens;
  }

  int outputs() {
    return outputs;
  }

  /**
   * Gives the sequences the pages that they need and lays out the step.
   *
   * @throws LaminaException where a sequence has no room; nothing has changed then
   */
  Step prepare(KvPages pages, int slots, int groups, Output want) {
    int[] ids = new int[tokens];
    int[] positions = new int[tokens];
    int[] slot = new int[tokens];
    int[] rows = new int[outputs];
    int[][][] tables = new int[groups][slots][];
    List<PageCopy> copies = new ArrayList<>();
    int t = 0;
    int o = 0;
    runs.forEach(run -> pages.requireRoom(run.sequence, run.count));
    for (Run run : runs) {
      Sequence s = run.sequence;
      pages.extend(s, run.count, copies);
      for (int g = 0; g < groups; g++) {
        tables[g][s.slot()] = s.pages(g);
      }
      for (int row : run.outputs) {
        rows[o++] = t + row;
      }
      for (int i = 0; i < run.count; i++, t++) {
        ids[t] = run.tokens[run.from + i];
        positions[t] = s.length() + i;
        slot[t] = s.slot();
      }
    }
    return new Step(ids, positions, slot, rows, tables, copies, want);
  }

  /**
   * After the step: the tokens are part of their sequences, and what lies behind a window is given
   * back.
   */
  void commit(KvPages pages) {
    for (Run run : runs) {
      run.sequence.append(run.tokens, run.from, run.count);
      pages.forgetBehindWindow(run.sequence);
    }
  }
}
