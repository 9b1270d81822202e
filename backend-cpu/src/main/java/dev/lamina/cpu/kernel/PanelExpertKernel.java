package dev.lamina.cpu.kernel;

import dev.lamina.cpu.code.NativeCode;
import dev.lamina.cpu.panel.PanelCode;
import dev.lamina.cpu.panel.PanelFormat;
import java.lang.foreign.MemorySegment;

/**
 * A product with experts' weights in panels. Of a few tokens every slot is multiplied by itself;
 * else all slots of an expert at once.
 */
public final class PanelExpertKernel extends Kernel {
  /** Panels of the largest unit. */
  private static final int MOST_PANELS = 16;

  /** Tiles of an expert's slots that are multiplied before their results are put in place. */
  private static final int MOST_TILES = 4;

  private final PanelProduct product;
  private final Matrix weight;
  private final ExpertGroups groups;
  private final boolean perSlot;
  private final Place in;
  private final Place rounded;
  private final Place out;
  private final long quantize;

  /** Bytes of a row's input where slots are multiplied one by one. */
  private final long inputBytes;

  private ProductWay way;
  private PanelShares shares = new PanelShares(0, 1);

  /**
   * @param perSlot whether every slot has an input of its own; else all slots of a token share one
   * @param rounded what {@link PanelExpertQuantizeKernel} wrote, or null where steps are too small
   */
  public PanelExpertKernel(
      PanelCode code,
      Matrix weight,
      ExpertGroups groups,
      boolean perSlot,
      Place in,
      Place rounded,
      Place out) {
    this.product = new PanelProduct(code, weight, 0);
    this.weight = weight;
    this.groups = groups;
    this.perSlot = perSlot;
    this.in = in;
    this.rounded = rounded;
    this.out = out;
    this.quantize = code.quantize(weight.panels().input());
    this.inputBytes = weight.panels().input().rowBytes(weight.cols());
  }

  @Override
  public int plan(StepState step) {
    int rows = groups.rows(step);
    if (rows == 0) {
      return 0;
    }
    boolean few = rows < MatMulKernel.TILED_FROM;
    way = product.way(few ? 1 : rows);
    for (int width = 1; width <= (few ? 1 : way.tokens().most()); width++) {
      way.prepareOne(width);
    }
    int many = rows * groups.used() / groups.experts();
    int workers = step.workers();
    shares = few ? way.largeShares(workers) : way.shares(many, workers).atMost(MOST_PANELS);
    return shares.count() * (few ? rows * groups.used() : groups.experts());
  }

  @Override
  public long scratchBytes() {
    long results = MOST_TILES * PanelCode.MOST_TOKENS * MOST_PANELS * 64L;
    return product.scratchBytes() + Math.max(inputBytes, results);
  }

  @Override
  public void run(StepState step, int unit, long scratch) {
    int units = shares.count();
    int first = shares.first(unit % units);
    int end = shares.first(unit % units + 1);
    if (groups.rows(step) < MatMulKernel.TILED_FROM) {
      slot(unit / units, first, end, scratch);
    } else {
      expert(unit / units, first, end, scratch);
    }
  }

  private void slot(int slot, int first, int end, long scratch) {
    int row = perSlot ? slot : slot / groups.used();
    long x = scratch + product.scratchBytes();
    PanelCode.quantize(
        quantize,
        in.address() + 4L * row * weight.cols(),
        weight.cols(),
        x,
        way.tokens().format().recordBytes(),
        scratch);
    product.run(
        way,
        groups.expert(slot),
        first,
        end,
        x,
        1,
        out.address() + 4L * slot * weight.rows(),
        0,
        scratch);
  }

  private void expert(int expert, int first, int end, long scratch) {
    int n = groups.count(expert);
    int start = groups.start(expert);
    int most = MOST_TILES * way.tokens().most();
    long results = scratch + product.scratchBytes();
    long stride = 64L * (end - first);
    int firstRow = PanelFormat.ROWS * first;
    int rows = Math.min(PanelFormat.ROWS * end, weight.rows()) - firstRow;
    for (int from = 0; from < n; from += most) {
      int count = Math.min(most, n - from);
      product.run(
          way,
          expert,
          first,
          end,
          rounded.address() + way.tokens().bytes(start + from),
          count,
          results - 64L * first,
          stride,
          scratch);
      for (int i = 0; i < count; i++) {
        long slot = groups.order()[start + from + i];
        MemorySegment.copy(
            NativeCode.ALL,
            results + i * stride,
            NativeCode.ALL,
            out.address() + 4L * (slot * weight.rows() + firstRow),
            4L * rows);
      }
    }
  }
}
