package dev.lamina.cpu.kernel;

import dev.lamina.backend.Value;
import dev.lamina.cpu.panel.InputFormat;
import dev.lamina.cpu.panel.PanelCode;

/** Rounds the rows of a value for the products with panels that read it. */
public final class QuantizeKernel extends Kernel {
  private final Value value;
  private final Place in;
  private final Place out;
  private final Tokens tokens;
  private final long code;

  public QuantizeKernel(PanelCode code, InputFormat format, Value value, Place in, Place out) {
    this.value = value;
    this.in = in;
    this.out = out;
    this.tokens = new Tokens(format, code.mostTokens(format), value.width());
    this.code = code.quantize(format);
  }

  @Override
  public int plan(StepState step) {
    return step.rows(value.rows());
  }

  @Override
  public long scratchBytes() {
    return PanelCode.CALL_SCRATCH;
  }

  @Override
  public void run(StepState step, int unit, long scratch) {
    PanelCode.quantize(
        code,
        in.address() + 4L * unit * value.width(),
        value.width(),
        out.address() + tokens.row(unit),
        tokens.step(step.rows(value.rows()), unit),
        scratch);
  }
}
