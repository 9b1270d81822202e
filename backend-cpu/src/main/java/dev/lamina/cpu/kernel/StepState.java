package dev.lamina.cpu.kernel;

import dev.lamina.backend.Limits;
import dev.lamina.backend.Step;
import dev.lamina.backend.Value;

/** A step as the kernels see it. */
public final class StepState {
  private final Limits limits;
  private final int workers;
  private Step step;

  public StepState(Limits limits, int workers) {
    this.limits = limits;
    this.workers = workers;
  }

  public void begin(Step next) {
    step = next;
  }

  public void end() {
    step = null;
  }

  public Step step() {
    return step;
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
