package dev.lamina.cpu;

import dev.lamina.cpu.panel.PanelCode;

/**
 * What a thread does while it waits for the others: it has the weights that it will read next
 * brought to its second-level cache, as much as fits beside what is in use.
 */
final class Ahead implements ThreadTeam.Idle {
  /** Bytes to ask for at most. */
  private static final long MOST = 512 << 10;

  /** Bytes asked for between two looks at what the others do. */
  private static final int STEP = 2048;

  private final PanelCode code;
  private final long scratch;
  private long next;
  private long end;

  /**
   * @param scratch address of scratch memory of the thread
   */
  Ahead(PanelCode code, long scratch) {
    this.code = code;
    this.scratch = scratch;
  }

  /** Sets what to ask for from now on. */
  void ask(long from, long to) {
    next = from;
    end = Math.min(to, from + MOST);
  }

  @Override
  public boolean work() {
    if (next >= end) {
      return false;
    }
    code.fetch(next, STEP, scratch);
    next += STEP;
    return true;
  }
}
