package dev.lamina.cpu.plain;

import dev.lamina.cpu.kernel.EmbedKernel;
import dev.lamina.cpu.kernel.Kernel;
import dev.lamina.cpu.kernel.Matrix;
import dev.lamina.cpu.kernel.Place;
import dev.lamina.cpu.kernel.StepState;

/** Looks up a table's row for each token. */
final class PlainEmbed extends Kernel {
  private final Matrix table;
  private final Place out;

  /** Knows which tokens there are. */
  private final EmbedKernel simd;

  PlainEmbed(Matrix table, Place out, EmbedKernel simd) {
    this.table = table;
    this.out = out;
    this.simd = simd;
  }

  @Override
  public int plan(StepState step) {
    return simd.plan(step);
  }

  @Override
  public void run(StepState step, int token, long scratch) {
    int cols = table.cols();
    float[] row = new float[cols];
    new PlainRows(table.format().type(), cols)
        .decode(table.row(0, step.step().tokenIds()[token]), row);
    Heap.store(row, 0, cols, out.address() + 4L * token * cols);
  }
}
