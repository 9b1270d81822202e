package dev.lamina.cpu.kernel;

import dev.lamina.cpu.simd.Gemm;
import dev.lamina.cpu.simd.Panels;
import java.util.Arrays;

/** Packs the inputs of expert products, expert by expert. */
public final class ExpertPackKernel extends Kernel {
  private static final int CHUNK = 512;

  private final ExpertGroups groups;
  private final int cols;
  private final int divisor;
  private final Place in;
  private final Place out;

  /**
   * @param cols columns of the weight
   * @param perSlot whether every slot has an input of its own; else all slots of a token share one
   */
  public ExpertPackKernel(ExpertGroups groups, int cols, boolean perSlot, Place in, Place out) {
    this.groups = groups;
    this.cols = cols;
    this.divisor = perSlot ? 1 : groups.used();
    this.in = in;
    this.out = out;
  }

  /** Bytes of the packed inputs of steps of {@code tokens} tokens. */
  public static long bytes(int tokens, int used, int experts, int cols) {
    return 4L * ExpertGroups.maxPanels(tokens, used, experts) * Gemm.COLS * cols;
  }

  private int chunks() {
    return (cols + CHUNK - 1) / CHUNK;
  }

  @Override
  public int plan(StepState step) {
    int rows = groups.rows(step);
    return rows < MatMulKernel.TILED_FROM ? 0 : groups.experts() * chunks();
  }

  @Override
  public void run(StepState step, int unit, long scratch) {
    int expert = unit / chunks();
    int from = unit % chunks() * CHUNK;
    int count = groups.count(expert);
    if (count == 0) {
      return;
    }
    int start = groups.start(expert);
    int[] rows = Arrays.copyOfRange(groups.order(), start, start + count);
    for (int i = 0; i < count; i++) {
      rows[i] /= divisor;
    }
    for (int first = 0; first < count; first += Gemm.COLS) {
      Panels.pack(
          in.address(),
          cols,
          rows,
          first,
          Math.min(Gemm.COLS, count - first),
          from,
          Math.min(CHUNK, cols - from),
          Panels.at(out.address(), cols, groups.panel(expert) + first / Gemm.COLS, from));
    }
  }
}
