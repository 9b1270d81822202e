package dev.lamina.cpu.kernel;

import dev.lamina.cpu.panel.InputFormat;
import dev.lamina.cpu.panel.PanelCode;
import dev.lamina.cpu.panel.PanelFormat;

/** Rounds or splits the inputs of expert products, expert by expert. */
public final class PanelExpertQuantizeKernel extends Kernel {
  private final ExpertGroups groups;
  private final int cols;
  private final int divisor;
  private final Place in;
  private final Place out;
  private final PanelCode code;
  private final PanelFormat format;
  private Tokens tokens;
  private long quantize;

  /**
   * @param format of the panels, or of others that want the same form of activations
   * @param cols columns of the weight
   * @param perSlot whether every slot has an input of its own; else all slots of a token share one
   */
  public PanelExpertQuantizeKernel(
      PanelCode code,
      PanelFormat format,
      ExpertGroups groups,
      int cols,
      boolean perSlot,
      Place in,
      Place out) {
    this.groups = groups;
    this.cols = cols;
    this.divisor = perSlot ? 1 : groups.used();
    this.in = in;
    this.out = out;
    this.code = code;
    this.format = format;
  }

  @Override
  public int plan(StepState step) {
    int rows = groups.rows(step);
    if (rows < MatMulKernel.TILED_FROM) {
      return 0;
    }
    InputFormat input = code.input(format, rows);
    tokens = new Tokens(input, code.mostTokens(input), cols);
    quantize = code.quantize(input);
    return groups.experts();
  }

  @Override
  public long scratchBytes() {
    return PanelCode.CALL_SCRATCH;
  }

  @Override
  public void run(StepState step, int expert, long scratch) {
    int start = groups.start(expert);
    int count = groups.count(expert);
    for (int i = 0; i < count; i++) {
      int row = groups.order()[start + i] / divisor;
      PanelCode.quantize(
          quantize,
          in.address() + 4L * row * cols,
          cols,
          out.address() + tokens.bytes(start) + tokens.row(i),
          tokens.step(count, i),
          scratch);
    }
  }
}
