package dev.lamina.cpu.kernel;

import dev.lamina.backend.Value;
import dev.lamina.cpu.simd.Gemm;
import dev.lamina.cpu.simd.Simd;
import java.util.Arrays;

/**
 * The slots of a step (token times experts used) sorted by expert, so that each expert's weights
 * are read once for all its tokens. Computed by {@link #kernel}, read by all products that follow
 * the same routing.
 */
public final class ExpertGroups {
  private final Value routing;
  private final Place in;
  private final int used;
  private final int experts;
  private final int[] starts;
  private final int[] panels;
  private final int[] order;

  /**
   * @param maxTokens the most rows that {@code routing} can have
   */
  public ExpertGroups(Value routing, Place in, int experts, int maxTokens) {
    this.routing = routing;
    this.in = in;
    this.used = routing.width() / 2;
    this.experts = experts;
    this.starts = new int[experts + 1];
    this.panels = new int[experts + 1];
    this.order = new int[maxTokens * used];
  }

  /** The most panels that all slots of {@code tokens} tokens can fill. */
  static int maxPanels(int tokens, int used, int experts) {
    return tokens * used / Gemm.COLS + Math.min(experts, tokens * used);
  }

  int used() {
    return used;
  }

  int experts() {
    return experts;
  }

  int rows(StepState step) {
    return step.rows(routing.rows());
  }

  /** Slots in order of their experts: {@code token * used + slot}. */
  int[] order() {
    return order;
  }

  /** Where an expert's slots begin in {@link #order}. */
  int start(int expert) {
    return starts[expert];
  }

  int count(int expert) {
    return starts[expert + 1] - starts[expert];
  }

  /** An expert's first panel. */
  int panel(int expert) {
    return panels[expert];
  }

  /** The expert that a slot goes to. */
  int expert(int slot) {
    float number = Simd.loadFloat(in.address() + 4L * (2L * (slot / used) * used + slot % used));
    return Math.clamp((int) number, 0, experts - 1);
  }

  /** The kernel that sorts. */
  public Kernel kernel() {
    return new Kernel() {
      @Override
      public int plan(StepState step) {
        return rows(step) < MatMulKernel.TILED_FROM ? 0 : 1;
      }

      @Override
      public void run(StepState step, int unit, long scratch) {
        sort(rows(step) * used);
      }
    };
  }

  private void sort(int slots) {
    Arrays.fill(starts, 0);
    for (int s = 0; s < slots; s++) {
      starts[expert(s) + 1]++;
    }
    for (int e = 0; e < experts; e++) {
      panels[e + 1] = panels[e] + (starts[e + 1] + Gemm.COLS - 1) / Gemm.COLS;
      starts[e + 1] += starts[e];
    }
    int[] next = Arrays.copyOf(starts, experts);
    for (int s = 0; s < slots; s++) {
      order[next[expert(s)]++] = s;
    }
  }
}
