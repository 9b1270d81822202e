package dev.lamina.cpu.kernel;

import dev.lamina.cpu.code.NativeCode;
import dev.lamina.gguf.Dequantizer;
import dev.lamina.gguf.GgmlType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Looks up and decodes a table's row for each token. */
public final class EmbedKernel extends Kernel {
  private final Matrix table;
  private final Place out;

  private final boolean scalar;

  /**
   * @param scalar whether not to use the Vector API, which is slow until it is compiled: for
   *     programs that else have nothing to compile
   */
  public EmbedKernel(Matrix table, Place out, boolean scalar) {
    this.scalar = scalar;
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
    long row = table.row(0, step.step().tokenIds()[unit]);
    long to = out.address() + 4L * unit * table.cols();
    if (scalar) {
      GgmlType type = table.format().type();
      float[] values = new float[table.cols()];
      MemorySegment data = NativeCode.ALL.asSlice(row, table.rowBytes());
      Dequantizer.decode(type, data, 0, values, 0, values.length);
      MemorySegment.copy(values, 0, NativeCode.ALL, ValueLayout.JAVA_FLOAT, to, values.length);
    } else {
      table.format().decode(row, to, table.cols());
    }
  }
}
