package dev.lamina.shaders;

import java.util.List;

/**
 * One launch of a step. It is left out where {@code when} is not from {@code from} to {@code to}.
 *
 * @param kernel what runs
 * @param x work-groups along the first dimension
 * @param y along the second
 * @param z along the third
 * @param args its arguments, in order
 * @param when what decides whether it runs
 * @param from the least of that
 * @param to the most of that
 */
public record Launch(
    Kernel kernel, Extent x, Extent y, Extent z, List<Arg> args, Count when, int from, int to) {
  public Launch {
    args = List.copyOf(args);
  }

  /** Whether a step needs it. */
  public boolean runs(StepData step) {
    int n = step.count(when);
    return n >= from && n <= to;
  }

  /** This launch with other arguments. */
  Launch with(List<Arg> others) {
    return new Launch(kernel, x, y, z, others, when, from, to);
  }
}
