package dev.lamina.cpu.kernel;

import dev.lamina.backend.Limits;
import dev.lamina.backend.Step;
import dev.lamina.backend.Value;

/** A step as the kernels see it. */
public final class StepState {
  private final Limits limits;
  private final int workers;
  private Step step;
  private boolean plain;

  public StepState(Limits limits, int workers) {
    this.limits = limits;
    this.workers = workers;
  }

  /**
   * @param plain whether {@link TieredKernel}s compute it in plain form
   */
  public void begin(Step next, boolean plain) {
    step = next;
    this.plain = plain;
  }

  public void end() {
    step = null;
  }

  public Step step() {
    return step;
  }

  boolean plain() {
    return plain;
  }

  public Limits limits() {
    return limits;
  }

  /** Threads that share the work. */
  public int workers() {
    return workers;
  }

  /** How many rows a value has in this step. */
  public int rows(Value.Rows rows) {
    return switch (rows) {
      case TOKENS -> step.tokens();
      case OUTPUTS -> step.outputs();
    };
  }
}
