package dev.lamina.cpu.plain;

import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Step;
import dev.lamina.cpu.kernel.Kernel;
import dev.lamina.cpu.kernel.KvMemory;
import dev.lamina.cpu.kernel.Place;
import dev.lamina.cpu.kernel.StepState;

/**
 * Stores keys and values; a unit is one head, which nobody else writes, of all tokens. A head's
 * keys of a page are read, changed and written back whole.
 */
final class PlainKvStore extends Kernel {
  private final KvMemory memory;
  private final Place k;
  private final Place v;

  PlainKvStore(KvMemory memory, Place k, Place v) {
    this.memory = memory;
    this.k = k;
    this.v = v;
  }

  @Override
  public int plan(StepState step) {
    return memory.spec().nHeadKv();
  }

  @Override
  public void run(StepState state, int head, long scratch) {
    Step step = state.step();
    KvSpec spec = memory.spec();
    int heads = spec.nHeadKv();
    int dim = spec.headDimK();
    int pageSize = memory.pageSize();
    long valueBytes = spec.typeV().rowBytes(spec.headDimV());
    float[] keys = null;
    int open = -1;
    for (int t = 0; t < step.tokens(); t++) {
      int position = step.positions()[t];
      int page = step.pageTable()[spec.group()][step.slots()[t]][position / pageSize];
      int offset = position % pageSize;
      if (page != open) {
        close(keys, open, head);
        keys = PlainPages.load(spec.typeK(), memory.keyHead(page, head), dim * pageSize);
        open = page;
      }
      long row = (long) t * heads + head;
      float[] key = Heap.floats(k.address() + 4L * row * dim, dim);
      for (int d = 0; d < dim; d++) {
        keys[d * pageSize + offset] = key[d];
      }
      float[] value = Heap.floats(v.address() + 4L * row * spec.headDimV(), spec.headDimV());
      PlainPages.store(
          spec.typeV(), value, 0, value.length, memory.valueHead(page, head) + offset * valueBytes);
    }
    close(keys, open, head);
  }

  private void close(float[] keys, int page, int head) {
    if (keys != null) {
      PlainPages.store(memory.spec().typeK(), keys, 0, keys.length, memory.keyHead(page, head));
    }
  }
}
