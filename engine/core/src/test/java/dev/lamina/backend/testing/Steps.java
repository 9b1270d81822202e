package dev.lamina.backend.testing;

import dev.lamina.backend.Limits;
import dev.lamina.backend.Output;
import dev.lamina.backend.Step;
import java.util.List;
import java.util.stream.IntStream;

/** Steps of graphs without keys and values. */
final class Steps {
  static final int MAX_TOKENS = 33;

  /** Limits without pages. */
  static final Limits LIMITS = new Limits(MAX_TOKENS, MAX_TOKENS, MAX_TOKENS, 16, List.of());

  private Steps() {}

  /** Tokens 0, 1, 2 ... at positions 0, 1, 2 ...; all of them want output. */
  static Step of(int tokens, Output want) {
    return of(range(tokens), range(tokens), want);
  }

  /** Given tokens at positions 0, 1, 2 ...; the given rows want output. */
  static Step of(int[] ids, int[] outputRows, Output want) {
    return new Step(
        ids, range(ids.length), new int[ids.length], outputRows, new int[0][][], List.of(), want);
  }

  /** Tokens 0, 1, 2 ... at given positions, each of a sequence of its own. */
  static Step at(int... positions) {
    int[] all = range(positions.length);
    return new Step(all, positions, all, all, new int[0][][], List.of(), Output.HIDDEN);
  }

  static int[] range(int n) {
    return IntStream.range(0, n).toArray();
  }
}
