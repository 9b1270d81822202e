package dev.lamina.cpu.kernel;

/** Looks up and decodes a table's row for each token. */
public final class EmbedKernel extends Kernel {
  private final Matrix table;
  private final Place out;

  public EmbedKernel(Matrix table, Place out) {
    this.table = table;
    this.out = out;
  }

  @Override
  public int plan(StepState step) {
    for (int id : step.step().tokenIds()) {
      if (id < 0 || id >= table.rows()) {
        throw new IllegalArgumentException("token " + id + " of a vocabulary of " + table.rows());
      }
    }
    return step.step().tokens();
  }

  @Override
  public void run(StepState step, int unit, long scratch) {
    table
        .format()
        .decode(
            table.row(0, step.step().tokenIds()[unit]),
            out.address() + 4L * unit * table.cols(),
            table.cols());
  }
}
