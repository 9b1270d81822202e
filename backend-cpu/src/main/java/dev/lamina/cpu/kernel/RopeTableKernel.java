package dev.lamina.cpu.kernel;

import dev.lamina.backend.RopeSpec;
import dev.lamina.cpu.simd.Simd;

/**
 * Cosines and sines of a step's positions, computed once for all layers that turn alike: for each
 * token {@code dims / 2} cosines, then {@code dims / 2} sines ({@link RopeSpec.Pairing#HALVES}); or
 * {@code dims} of each, every cosine twice and every sine once negative, once positive ({@link
 * RopeSpec.Pairing#ADJACENT}), so that both kinds are plain vector arithmetic.
 */
public final class RopeTableKernel extends Kernel {
  private static final int TOKENS = 16;

  private final RopeSpec rope;
  private final double[] angles;
  private final double magnitude;
  private final Place out;

  /**
   * @param divisors the contents of {@link RopeSpec#factors}, or null where there are none
   */
  public RopeTableKernel(RopeSpec rope, float[] divisors, Place out) {
    this.rope = rope;
    this.angles = rope.angles(divisors);
    this.magnitude = rope.magnitude();
    this.out = out;
  }

  /** Bytes for one token. */
  public static long tokenBytes(RopeSpec rope) {
    return switch (rope.pairing()) {
      case HALVES -> 4L * rope.dims();
      case ADJACENT -> 8L * rope.dims();
    };
  }

  @Override
  public int plan(StepState step) {
    return (step.step().tokens() + TOKENS - 1) / TOKENS;
  }

  @Override
  public void run(StepState step, int unit, long scratch) {
    int[] positions = step.step().positions();
    int end = Math.min(positions.length, (unit + 1) * TOKENS);
    int pairs = angles.length;
    for (int t = unit * TOKENS; t < end; t++) {
      long to = out.address() + t * tokenBytes(rope);
      for (int i = 0; i < pairs; i++) {
        double angle = positions[t] * angles[i];
        float cos = (float) (Math.cos(angle) * magnitude);
        float sin = (float) (Math.sin(angle) * magnitude);
        switch (rope.pairing()) {
          case HALVES -> {
            Simd.storeFloat(to + 4L * i, cos);
            Simd.storeFloat(to + 4L * (pairs + i), sin);
          }
          case ADJACENT -> {
            Simd.storeFloat(to + 8L * i, cos);
            Simd.storeFloat(to + 8L * i + 4, cos);
            Simd.storeFloat(to + 8L * (pairs + i), -sin);
            Simd.storeFloat(to + 8L * (pairs + i) + 4, sin);
          }
        }
      }
    }
  }
}
