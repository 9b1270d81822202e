package dev.lamina.cpu.kernel;

import dev.lamina.backend.Value;
import dev.lamina.cpu.panel.InputFormat;
import dev.lamina.cpu.panel.PanelCode;
import dev.lamina.cpu.panel.PanelFormat;

/** Rounds or splits the rows of a value for the products with panels that read it. */
public final class QuantizeKernel extends Kernel {
  private final PanelCode code;
  private final PanelFormat format;
  private final Value value;
  private final Place in;
  private final Place out;
  private Tokens tokens;
  private long quantize;

  /**
   * @param format of the panels, or of others that want the same form of activations
   */
  public QuantizeKernel(PanelCode code, PanelFormat format, Value value, Place in, Place out) {
    this.code = code;
    this.format = format;
    this.value = value;
    this.in = in;
    this.out = out;
  }

  @Override
  public int plan(StepState step) {
    int rows = step.rows(value.rows());
    InputFormat input = code.input(format, rows);
    tokens = new Tokens(input, code.mostTokens(input), value.width());
    quantize = code.quantize(input);
    return rows;
  }

  @Override
  public long scratchBytes() {
    return PanelCode.CALL_SCRATCH;
  }

  @Override
  public void run(StepState step, int unit, long scratch) {
    PanelCode.quantize(
        quantize,
        in.address() + 4L * unit * value.width(),
        value.width(),
        out.address() + tokens.row(unit),
        tokens.step(step.rows(value.rows()), unit),
        scratch);
  }
}
