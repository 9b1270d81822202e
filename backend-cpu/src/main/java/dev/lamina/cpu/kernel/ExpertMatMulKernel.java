package dev.lamina.cpu.kernel;

import dev.lamina.cpu.format.Preparation;
import dev.lamina.cpu.simd.Panels;
import dev.lamina.cpu.simd.Simd;

/** Matrix products with the experts that the routing names. */
public final class ExpertMatMulKernel extends Kernel {
  private final Matrix weight;
  private final ExpertGroups groups;
  private final boolean perSlot;
  private final Place in;
  private final Place packed;
  private final Place out;
  private final int maxTokens;
  private final int vectorRows;
  private int tileRows;

  /**
   * @param perSlot whether every slot has an input of its own; else all slots of a token share one
   * @param packed what {@link ExpertPackKernel} wrote, or null where steps are too small
   */
  public ExpertMatMulKernel(
      Matrix weight,
      ExpertGroups groups,
      boolean perSlot,
      Place in,
      Place packed,
      Place out,
      int maxTokens) {
    this.weight = weight;
    this.groups = groups;
    this.perSlot = perSlot;
    this.in = in;
    this.packed = packed;
    this.out = out;
    this.maxTokens = maxTokens;
    this.vectorRows = MatMulKernel.vectorRows(weight);
  }

  @Override
  public int plan(StepState step) {
    int n = groups.rows(step);
    if (n < MatMulKernel.TILED_FROM) {
      return n * groups.used() * vectorUnits();
    }
    tileRows = Tile.rows(weight.rows(), step.workers());
    return weight.experts() * tileUnits();
  }

  private int vectorUnits() {
    return (weight.rows() + vectorRows - 1) / vectorRows;
  }

  private int tileUnits() {
    return (weight.rows() + tileRows - 1) / tileRows;
  }

  private long preparedBytes() {
    Preparation preparation = weight.format().preparation();
    return preparation == null ? 0 : preparation.bytes(weight.cols());
  }

  @Override
  public long scratchBytes() {
    long tiled = maxTokens < MatMulKernel.TILED_FROM ? 0 : Tile.scratch(weight, maxTokens);
    return Math.max(tiled, Tile.vectorScratch(weight) + preparedBytes() + Simd.BYTES);
  }

  @Override
  public void run(StepState step, int unit, long scratch) {
    if (groups.rows(step) < MatMulKernel.TILED_FROM) {
      vector(unit / vectorUnits(), unit % vectorUnits() * vectorRows, scratch);
    } else {
      tile(unit / tileUnits(), unit % tileUnits() * tileRows, scratch);
    }
  }

  private void vector(int slot, int first, long scratch) {
    int row = perSlot ? slot : slot / groups.used();
    long x = in.address() + 4L * row * weight.cols();
    long prepared = 0;
    if (preparedBytes() > 0) {
      prepared = scratch + Tile.vectorScratch(weight);
      weight.format().preparation().run(x, weight.cols(), prepared);
    }
    weight
        .format()
        .matVec(
            weight.row(groups.expert(slot), first),
            weight.rowBytes(),
            Math.min(vectorRows, weight.rows() - first),
            weight.cols(),
            x,
            prepared,
            scratch,
            out.address() + 4L * ((long) slot * weight.rows() + first));
  }

  private void tile(int expert, int first, long scratch) {
    int n = groups.count(expert);
    if (n == 0) {
      return;
    }
    int count = Math.min(tileRows, weight.rows() - first);
    long panels = Panels.at(packed.address(), weight.cols(), groups.panel(expert), 0);
    long product = Tile.multiply(weight, expert, first, count, panels, n, scratch);
    Tile.storeRows(
        product,
        n,
        count,
        out.address() + 4L * first,
        weight.rows(),
        groups.order(),
        groups.start(expert));
  }
}
