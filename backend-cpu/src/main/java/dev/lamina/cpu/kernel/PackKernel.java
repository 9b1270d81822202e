package dev.lamina.cpu.kernel;

import dev.lamina.backend.Value;
import dev.lamina.cpu.simd.Gemm;
import dev.lamina.cpu.simd.Panels;

/** Packs the rows of a value for the tiled products that read it. */
public final class PackKernel extends Kernel {
  private static final int CHUNK = 256;

  private final Value value;
  private final Place in;
  private final Place out;

  public PackKernel(Value value, Place in, Place out) {
    this.value = value;
    this.in = in;
    this.out = out;
  }

  private int chunks() {
    return (value.width() + CHUNK - 1) / CHUNK;
  }

  @Override
  public int plan(StepState step) {
    int rows = step.rows(value.rows());
    return rows < MatMulKernel.TILED_FROM ? 0 : Panels.count(rows) * chunks();
  }

  @Override
  public void run(StepState step, int unit, long scratch) {
    int panel = unit / chunks();
    int from = unit % chunks() * CHUNK;
    int first = panel * Gemm.COLS;
    Panels.pack(
        in.address(),
        value.width(),
        null,
        first,
        Math.min(Gemm.COLS, step.rows(value.rows()) - first),
        from,
        Math.min(CHUNK, value.width() - from),
        Panels.at(out.address(), value.width(), panel, from));
  }
}
