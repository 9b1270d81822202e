package dev.lamina.app.bench;

import dev.lamina.session.Session;
import java.time.Instant;
import java.util.SplittableRandom;

/** Runs tests as llama-bench does: random tokens, one run to warm up, then timed repetitions. */
public final class BenchRunner {
  private final int repetitions;
  private final boolean warmUp;

  public BenchRunner(int repetitions, boolean warmUp) {
    this.repetitions = repetitions;
    this.warmUp = warmUp;
  }

  /** Measures one test; the model's context must hold its tokens. */
  public BenchResult run(BenchModel model, BenchTest test) {
    Instant start = Instant.now();
    long[] nanos = new long[repetitions];
    try (Session session = model.model().newSession()) {
      SplittableRandom random = new SplittableRandom(1);
      int vocabulary = model.model().config().nVocab();
      if (warmUp) {
        time(session, test, random, vocabulary);
      }
      for (int i = 0; i < repetitions; i++) {
        nanos[i] = time(session, test, random, vocabulary);
      }
    }
    return new BenchResult(model, test, start, nanos);
  }

  private static long time(
      Session session, BenchTest test, SplittableRandom random, int vocabulary) {
    session.reset();
    if (test.depth() > 0) {
      session.append(tokens(random, test.depth(), vocabulary));
    }
    int[] prompt = tokens(random, Math.max(1, test.prompt()), vocabulary);
    long start = System.nanoTime();
    if (test.prompt() > 0) {
      session.append(prompt);
    }
    int next = prompt[0];
    for (int i = 0; i < test.generated(); i++) {
      next = session.append(next);
    }
    return System.nanoTime() - start;
  }

  private static int[] tokens(SplittableRandom random, int count, int vocabulary) {
    return random.ints(count, 0, vocabulary).toArray();
  }
}
