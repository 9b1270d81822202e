package dev.lamina.cpu.kernel;

import dev.lamina.backend.Value;
import dev.lamina.cpu.format.Preparation;

/** Prepares the rows of a value for the matrix-vector products that read it. */
public final class PrepareKernel extends Kernel {
  private final Preparation preparation;
  private final Value value;
  private final Place in;
  private final Place out;

  public PrepareKernel(Preparation preparation, Value value, Place in, Place out) {
    this.preparation = preparation;
    this.value = value;
    this.in = in;
    this.out = out;
  }

  @Override
  public int plan(StepState step) {
    int rows = step.rows(value.rows());
    return rows < MatMulKernel.TILED_FROM ? rows : 0;
  }

  @Override
  public void run(StepState step, int unit, long scratch) {
    int cols = value.width();
    preparation.run(
        in.address() + 4L * unit * cols, cols, out.address() + unit * preparation.bytes(cols));
  }
}
