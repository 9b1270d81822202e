package dev.lamina.cpu;

import dev.lamina.backend.Op;
import dev.lamina.cpu.format.Preparation;
import dev.lamina.cpu.kernel.ExpertGroups;
import dev.lamina.cpu.kernel.ExpertMatMulKernel;
import dev.lamina.cpu.kernel.ExpertPackKernel;
import dev.lamina.cpu.kernel.Kernel;
import dev.lamina.cpu.kernel.MatMulKernel;
import dev.lamina.cpu.kernel.Matrix;
import dev.lamina.cpu.kernel.PackKernel;
import dev.lamina.cpu.kernel.PanelExpertKernel;
import dev.lamina.cpu.kernel.PanelExpertQuantizeKernel;
import dev.lamina.cpu.kernel.PanelMatMulKernel;
import dev.lamina.cpu.kernel.Place;
import dev.lamina.cpu.kernel.PrepareKernel;
import dev.lamina.cpu.kernel.QuantizeKernel;
import dev.lamina.cpu.panel.InputFormat;
import dev.lamina.cpu.panel.PanelCode;
import dev.lamina.cpu.panel.PanelFormat;
import dev.lamina.cpu.simd.Panels;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The part of a plan that multiplies with weights: in the layout that each one was loaded in, and
 * with inputs that are prepared once for all products of a kind that read them.
 */
final class ProductPlan {
  private record Prepared(Preparation preparation, int value) {}

  private record Rounded(InputFormat format, int value) {}

  private record ExpertRounded(InputFormat format, ExpertInput input) {}

  private record Groups(int routing, int experts) {}

  private record ExpertInput(int routing, int value, int cols) {}

  private final ProgramPlan plan;
  private final PanelCode code;
  private final Map<Prepared, Place> prepared = new HashMap<>();
  private final Map<Rounded, Place> rounded = new HashMap<>();
  private final Map<ExpertRounded, Place> expertRounded = new HashMap<>();
  private final Map<Integer, Place> packed = new HashMap<>();
  private final Map<ExpertInput, Place> expertPacked = new HashMap<>();
  private final Map<Groups, ExpertGroups> groups = new HashMap<>();
  private final Map<Groups, Place> sorted = new HashMap<>();

  /**
   * @param code multiplies with panels; null where no weight lies in them
   */
  ProductPlan(ProgramPlan plan, PanelCode code) {
    this.plan = plan;
    this.code = code;
  }

  void add(Op.MatMul op) {
    Matrix weight = plan.source().matrix(op.weight());
    int maxRows = plan.limits().maxRows(op.in().rows());
    Place in = plan.place(op.in());
    List<Place> reads = new ArrayList<>(List.of(in));
    long bias = op.bias() == null ? 0 : plan.source().vector(op.bias());
    if (weight.panels() != null) {
      Place rounded = rounded(op, weight.panels(), maxRows);
      plan.node(
          new PanelMatMulKernel(code, weight, bias, op.in(), rounded, plan.place(op.out())),
          op,
          List.of(rounded),
          plan.place(op.out()));
      return;
    }
    Preparation preparation = weight.format().preparation();
    Place aside = null;
    if (preparation != null) {
      Prepared key = new Prepared(preparation, op.in().id());
      aside = prepared.get(key);
      if (aside == null) {
        int rows = Math.min(maxRows, MatMulKernel.TILED_FROM - 1);
        aside = plan.fresh(preparation.bytes(op.in().width()) * rows, false);
        prepared.put(key, aside);
        Kernel prepare = new PrepareKernel(preparation, op.in(), in, aside);
        plan.helper(plan.simdOnly(prepare), key, List.of(in), aside);
      }
      plan.uses(key, op);
      reads.add(aside);
    }
    Place panels = null;
    if (maxRows >= MatMulKernel.TILED_FROM) {
      panels = packed.get(op.in().id());
      if (panels == null) {
        panels = plan.fresh(Panels.bytes(maxRows, op.in().width()), false);
        packed.put(op.in().id(), panels);
        plan.helper(
            plan.simdOnly(new PackKernel(op.in(), in, panels)), panels, List.of(in), panels);
      }
      plan.uses(panels, op);
      reads.add(panels);
    }
    plan.node(
        new MatMulKernel(weight, bias, op.in(), in, aside, panels, plan.place(op.out()), maxRows),
        op,
        reads,
        plan.place(op.out()));
  }

  /** The rounded rows that a product with panels reads. */
  private Place rounded(Op.MatMul op, PanelFormat format, int maxRows) {
    Rounded key = new Rounded(format.input(), op.in().id());
    Place rounded = this.rounded.get(key);
    if (rounded == null) {
      Place in = plan.place(op.in());
      rounded = plan.fresh(code.inputBytes(format, op.in().width(), maxRows), false);
      this.rounded.put(key, rounded);
      plan.helper(
          new QuantizeKernel(code, format, op.in(), in, rounded), key, List.of(in), rounded);
    }
    plan.uses(key, op);
    return rounded;
  }

  void add(Op.ExpertMatMul op) {
    Matrix weight = plan.source().matrix(op.weight());
    int maxRows = plan.limits().maxRows(op.in().rows());
    boolean perSlot = op.in().width() != op.weight().cols();
    Place routing = plan.place(op.routing());
    Place in = plan.place(op.in());
    Groups key = new Groups(op.routing().id(), op.weight().experts());
    ExpertGroups sharing = groups.get(key);
    if (sharing == null) {
      sharing = new ExpertGroups(op.routing(), routing, op.weight().experts(), maxRows);
      groups.put(key, sharing);
      sorted.put(key, plan.fresh(0, true));
      plan.helper(sharing.kernel(), key, List.of(routing), sorted.get(key));
    }
    plan.uses(key, op);
    List<Place> reads = new ArrayList<>(List.of(routing, in, sorted.get(key)));
    if (weight.panels() != null) {
      Place rounded = null;
      if (maxRows >= MatMulKernel.TILED_FROM) {
        rounded = expertRounded(op, weight.panels(), sharing, perSlot, sorted.get(key));
        reads.add(rounded);
      }
      plan.node(
          new PanelExpertKernel(code, weight, sharing, perSlot, in, rounded, plan.place(op.out())),
          op,
          reads,
          plan.place(op.out()));
      return;
    }
    Place panels = null;
    if (maxRows >= MatMulKernel.TILED_FROM) {
      ExpertInput input = new ExpertInput(op.routing().id(), op.in().id(), op.weight().cols());
      panels = expertPacked.get(input);
      if (panels == null) {
        panels =
            plan.fresh(
                ExpertPackKernel.bytes(
                    maxRows, op.used(), op.weight().experts(), op.weight().cols()),
                false);
        expertPacked.put(input, panels);
        plan.helper(
            new ExpertPackKernel(sharing, op.weight().cols(), perSlot, in, panels),
            input,
            List.of(in, sorted.get(key)),
            panels);
      }
      plan.uses(input, op);
      reads.add(panels);
    }
    plan.node(
        new ExpertMatMulKernel(weight, sharing, perSlot, in, panels, plan.place(op.out()), maxRows),
        op,
        reads,
        plan.place(op.out()));
  }

  private Place expertRounded(
      Op.ExpertMatMul op, PanelFormat format, ExpertGroups sharing, boolean perSlot, Place order) {
    int cols = op.weight().cols();
    ExpertRounded key =
        new ExpertRounded(format.input(), new ExpertInput(op.routing().id(), op.in().id(), cols));
    Place rounded = expertRounded.get(key);
    if (rounded == null) {
      Place in = plan.place(op.in());
      int maxSlots = plan.limits().maxRows(op.in().rows()) * op.used();
      rounded = plan.fresh(code.inputBytes(format, cols, maxSlots), false);
      expertRounded.put(key, rounded);
      plan.helper(
          new PanelExpertQuantizeKernel(code, format, sharing, cols, perSlot, in, rounded),
          key,
          List.of(in, order),
          rounded);
    }
    plan.uses(key, op);
    return rounded;
  }
}
