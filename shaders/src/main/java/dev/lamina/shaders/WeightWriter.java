package dev.lamina.shaders;

import static dev.lamina.shaders.LaunchList.ANY;
import static dev.lamina.shaders.LaunchList.memory;
import static dev.lamina.shaders.LaunchList.rows;
import static dev.lamina.shaders.LaunchList.vectors;

import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Value;
import dev.lamina.gguf.GgmlType;
import java.util.Map;

/**
 * Writes the launches of all that reads weights: products, for few tokens and for many, and
 * lookups.
 */
final class WeightWriter {
  /** A number that only programs with panels have. */
  static final String PANEL_ROWS = "PANEL_ROWS";

  private final Limits limits;
  private final Parts parts;
  private final Tuning tuning;
  private final StepData step;
  private final LaunchList list;
  private Value planned;
  private long expertPlanBytes;

  WeightWriter(Limits limits, Parts parts, Tuning tuning, StepData step, LaunchList list) {
    this.limits = limits;
    this.parts = parts;
    this.tuning = tuning;
    this.step = step;
    this.list = list;
  }

  long expertPlanBytes() {
    return expertPlanBytes;
  }

  void embed(Op.Embed op) {
    TensorSpec table = op.table();
    Kernel kernel = new Kernel(weightKey(table), "embed", 64, 1);
    int each = parts.each(table);
    for (int part = 0; part < parts.count(table); part++) {
      int first = part * each;
      list.add(
          kernel,
          Extent.fixed(Math.ceilDiv(table.cols(), 64 * 16)),
          Extent.of(Count.TOKENS, 1, 1),
          Count.TOKENS,
          1,
          ANY,
          memory(new Region.Weight(table, part)),
          memory(new Region.Table(table.type())),
          memory(new Region.Step()),
          list.value(op.out()),
          new Arg.Int(step.idsAt()),
          new Arg.Int(table.cols()),
          new Arg.Int(Math.min(each, table.rows() - first)),
          new Arg.Int(first));
    }
  }

  void matMul(Op.MatMul op) {
    TensorSpec weight = op.weight();
    Count rows = rows(op.out());
    int most = limits.maxRows(op.out().rows());
    int each = parts.each(weight);
    for (int part = 0; part < parts.count(weight); part++) {
      int first = part * each;
      int partRows = Math.min(each, weight.rows() - first);
      Arg[] args = {
        memory(new Region.Weight(weight, part)),
        memory(new Region.Table(weight.type())),
        list.value(op.in()),
        list.value(op.out()),
        op.bias() == null ? list.value(op.in()) : memory(new Region.Vector(op.bias())),
        new Arg.Int(op.bias() == null ? 0 : 1),
        new Arg.Int(weight.cols()),
        new Arg.Int(partRows),
        new Arg.Int(first),
        new Arg.Int(weight.rows()),
        new Arg.Counted(rows)
      };
      list.add(
          matvec(weight, "matvec1"),
          matvecRows(partRows, 1),
          Extent.of(rows, 1, 1),
          rows,
          1,
          1,
          args);
      if (most > 1 && tuning.matvecTokens() > 1) {
        list.add(
            matvec(weight, "matvec" + LaunchPlan.TOKENS_TOGETHER),
            matvecRows(partRows, LaunchPlan.TOKENS_TOGETHER),
            Extent.of(rows, 1, LaunchPlan.TOKENS_TOGETHER),
            rows,
            2,
            tuning.matvecTokens(),
            args);
      }
      if (most > tuning.matvecTokens()) {
        list.add(
            matmul(weight, "matmul"),
            Extent.fixed(Math.ceilDiv(partRows, tuning.tileRows())),
            Extent.of(rows, 1, tuning.tileTokens()),
            rows,
            tuning.matvecTokens() + 1,
            ANY,
            args);
      }
    }
  }

  void expertMatMul(Op.ExpertMatMul op) {
    TensorSpec weight = op.weight();
    Count rows = rows(op.out());
    int each = parts.each(weight);
    boolean tiled = limits.maxRows(op.out().rows()) > tuning.matvecTokens();
    int slots = limits.maxRows(op.out().rows()) * op.used();
    int mostTiles = slots / tuning.tileTokens() + weight.experts();
    int slotsAt = 1 + 3 * mostTiles;
    if (tiled && !op.routing().equals(planned)) {
      planned = op.routing();
      expertPlanBytes = Math.max(expertPlanBytes, (long) Integer.BYTES * (slotsAt + slots));
      list.add(
          vectors("expertPlan", 128),
          Extent.ONE,
          Extent.ONE,
          rows,
          tuning.matvecTokens() + 1,
          ANY,
          list.value(op.routing()),
          memory(new Region.ExpertPlan()),
          new Arg.Int(weight.experts()),
          new Arg.Int(op.used()),
          new Arg.Int(tuning.tileTokens()),
          new Arg.Int(slotsAt),
          new Arg.Counted(rows));
    }
    for (int part = 0; part < parts.count(weight); part++) {
      int first = part * each;
      Arg[] args = {
        memory(new Region.Weight(weight, part)),
        memory(new Region.Table(weight.type())),
        list.value(op.routing()),
        list.value(op.in()),
        list.value(op.out()),
        new Arg.Int(weight.cols()),
        new Arg.Int(weight.rows()),
        new Arg.Int(op.used()),
        new Arg.Int(op.in().width() == weight.cols() ? 0 : 1),
        new Arg.Int(first),
        new Arg.Int(Math.min(each, weight.experts() - first))
      };
      list.add(
          matvec(weight, "matvecExperts"),
          matvecRows(weight.rows(), 1),
          Extent.of(rows, op.used(), 1),
          rows,
          1,
          tuning.matvecTokens(),
          args);
      if (tiled) {
        Arg[] planned = args.clone();
        planned[2] = memory(new Region.ExpertPlan());
        list.add(
            matmul(weight, "matmulExperts"),
            Extent.fixed(Math.ceilDiv(weight.rows(), tuning.tileRows())),
            new Extent(rows, op.used(), tuning.tileTokens(), weight.experts()),
            rows,
            tuning.matvecTokens() + 1,
            ANY,
            planned);
      }
    }
  }

  private Kernel matvec(TensorSpec weight, String entry) {
    return new Kernel(weightKey(weight), entry, tuning.lanes(), tuning.teams());
  }

  private int matvecRowsOfTeam(int tokens) {
    return tokens == 1 ? tuning.rows() : 1;
  }

  private Extent matvecRows(int rows, int tokens) {
    return Extent.fixed(Math.ceilDiv(rows, tuning.teams() * matvecRowsOfTeam(tokens)));
  }

  private Kernel matmul(TensorSpec weight, String entry) {
    return switch (tuning.products()) {
      case GROUPS -> new Kernel(weightKey(weight), entry, 8, tuning.tileTokens() / 4);
      case PANELS -> new Kernel(weightKey(weight), entry, 1, 1);
    };
  }

  private ProgramKey weightKey(TensorSpec weight) {
    return weightKey(weight.type(), tuning);
  }

  /** The program with all kernels for a type of weights. */
  static ProgramKey weightKey(GgmlType type, Tuning tuning) {
    Map<String, Integer> defines =
        switch (tuning.products()) {
          case GROUPS ->
              Map.of(
                  "LANES",
                  tuning.lanes(),
                  "TEAMS",
                  tuning.teams(),
                  "ROWS",
                  tuning.rows(),
                  "TILE_TOKENS",
                  tuning.tileTokens());
          case PANELS -> Map.of(PANEL_ROWS, tuning.rows(), "TILE_TOKENS", tuning.tileTokens());
        };
    return new ProgramKey(KernelUnit.WEIGHT, type, null, defines);
  }
}
