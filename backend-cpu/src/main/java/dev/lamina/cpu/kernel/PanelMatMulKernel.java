package dev.lamina.cpu.kernel;

import dev.lamina.backend.Value;
import dev.lamina.cpu.panel.PanelCode;

/** A matrix product with a weight in panels. */
public final class PanelMatMulKernel extends Kernel {
  private final PanelProduct product;
  private final Value input;
  private final Place rounded;
  private final Place out;
  private final long outStride;
  private ProductWay way;
  private PanelShares shares = new PanelShares(0, 1);

  /** Whether the step reads the weights but once. */
  private boolean once;

  private int atOnce = 1;

  /**
   * @param bias address of {@code weight.rows()} floats, or 0
   * @param rounded what {@link QuantizeKernel} wrote
   */
  public PanelMatMulKernel(
      PanelCode code, Matrix weight, long bias, Value input, Place rounded, Place out) {
    this.product = new PanelProduct(code, weight, bias);
    this.input = input;
    this.rounded = rounded;
    this.out = out;
    this.outStride = 4L * weight.rows();
  }

  @Override
  public int plan(StepState step) {
    int rows = step.rows(input.rows());
    if (rows == 0) {
      return 0;
    }
    way = product.way(rows);
    way.prepare(rows);
    shares = way.shares(rows, step.workers());
    once = way.once(rows);
    atOnce = way.atOnce(rows, shares);
    return shares.count();
  }

  @Override
  public long weights(int unit) {
    return once ? product.address(shares.first(unit)) : 0;
  }

  @Override
  public long weightsEnd() {
    return product.address(product.panels());
  }

  @Override
  public long scratchBytes() {
    return product.scratchBytes();
  }

  @Override
  public int atOnce() {
    return atOnce;
  }

  @Override
  public void run(StepState step, int unit, long scratch) {
    run(step, unit, unit + 1, scratch);
  }

  @Override
  public void run(StepState step, int first, int end, long scratch) {
    product.run(
        way,
        0,
        shares.first(first),
        shares.first(end),
        rounded.address(),
        step.rows(input.rows()),
        out.address(),
        outStride,
        scratch);
  }
}
