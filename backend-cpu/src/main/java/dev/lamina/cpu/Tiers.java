package dev.lamina.cpu;

import dev.lamina.backend.Graph;
import dev.lamina.backend.Op;
import dev.lamina.backend.Step;
import dev.lamina.backend.TensorSpec;
import dev.lamina.cpu.plain.PlainKernels;
import java.util.function.Function;

/**
 * Decides for each step of a program between the SIMD kernels and their plain form. Small models
 * begin in plain form; when that has computed for about a second, the SIMD kernels are warmed in
 * the background, and some seconds later they take over for good. So a short run never pays for
 * their compilation, and a long one pays little for having begun slowly. Large steps, and all of
 * large models, go to the SIMD kernels at once: they soon warm them themselves.
 *
 * <p>All decisions follow from the number of multiply-adds asked for, never from time, so that the
 * same calls give the same text on any day: the two forms differ in rounding.
 */
final class Tiers implements AutoCloseable {
  /** Weights of the largest program that begins in plain form. */
  static final long MOST_WEIGHTS = 64L << 20;

  /** Multiply-adds of the largest step in plain form, about a third of a second on two cores. */
  static final long MOST_OF_A_STEP = 1L << 30;

  /** Multiply-adds in plain form before the SIMD kernels are warmed. */
  static final long WARM_FROM = 2L << 30;

  /** Multiply-adds in plain form before the SIMD kernels take over. */
  static final long SIMD_FROM = 5L << 30;

  private final Start start;
  private final long perToken;
  private final Function<Step, WarmUp> warm;
  private long done;
  private WarmUp warmUp;
  private boolean simd;

  private Tiers(Start start, long perToken, Function<Step, WarmUp> warm) {
    this.start = start;
    this.perToken = perToken;
    this.warm = warm;
    this.simd = start == Start.TURNS; // so that the first turn is the plain form's
  }

  /**
   * The tiers of a program, or null where it has but one.
   *
   * @param warm starts the warm-up; it gets a step of the kind to expect
   */
  static Tiers of(Graph graph, Start start, Function<Step, WarmUp> warm) {
    if (start == Start.SIMD || !PlainKernels.cover(graph)) {
      return null;
    }
    long weights = 0;
    for (TensorSpec spec : graph.weights()) {
      weights += (long) spec.cols() * spec.rows();
    }
    if (start == Start.AUTO && weights > MOST_WEIGHTS) {
      return null;
    }
    long perToken = 0;
    for (Op op : graph.ops()) {
      if (op instanceof Op.MatMul product) {
        perToken += (long) product.weight().cols() * product.weight().rows();
      }
    }
    return new Tiers(start, perToken, warm);
  }

  /** Whether a step is computed in plain form; to be asked once for each step. */
  boolean plain(Step step) {
    return switch (start) {
      case PLAIN -> true;
      case SIMD -> false;
      case TURNS -> {
        simd = !simd;
        yield !simd;
      }
      case AUTO -> plainByWork(step);
    };
  }

  private boolean plainByWork(Step step) {
    if (simd) {
      return false;
    }
    long work = perToken * step.tokens();
    if (work > MOST_OF_A_STEP || done >= SIMD_FROM) {
      simd = true;
      close();
      return false;
    }
    done += work;
    if (done >= WARM_FROM && warmUp == null) {
      warmUp = warm.apply(step);
    }
    return true;
  }

  /** Ends the warm-up, where one is running, and waits for its end. */
  @Override
  public void close() {
    if (warmUp != null) {
      warmUp.close();
    }
  }
}
