package dev.lamina.cpu.kernel;

import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Step;
import dev.lamina.cpu.attention.StoreCode;

/** Stores the keys and values of a step's tokens in their pages. */
public final class KvStoreKernel extends Kernel {
  /** Heads of a unit. */
  private static final int UNIT = 16;

  private final KvMemory memory;
  private final Place k;
  private final Place v;
  private final StoreCode code;

  /**
   * @param code rounds to float16; null where the Vector API has to
   */
  public KvStoreKernel(KvMemory memory, Place k, Place v, StoreCode code) {
    this.code = code;
    this.memory = memory;
    this.k = k;
    this.v = v;
  }

  @Override
  public int plan(StepState step) {
    return (step.step().tokens() * memory.spec().nHeadKv() + UNIT - 1) / UNIT;
  }

  @Override
  public long scratchBytes() {
    return StoreCode.CALL_SCRATCH + 4L * memory.spec().headDimK();
  }

  @Override
  public void run(StepState state, int unit, long scratch) {
    Step step = state.step();
    KvSpec spec = memory.spec();
    int heads = spec.nHeadKv();
    int end = Math.min(step.tokens() * heads, (unit + 1) * UNIT);
    for (int i = unit * UNIT; i < end; i++) {
      int token = i / heads;
      int position = step.positions()[token];
      int page = step.pageTable()[spec.group()][step.slots()[token]][position / memory.pageSize()];
      memory.store(
          page,
          position % memory.pageSize(),
          i % heads,
          k.address() + 4L * i * spec.headDimK(),
          v.address() + 4L * i * spec.headDimV(),
          code,
          scratch);
    }
  }
}
