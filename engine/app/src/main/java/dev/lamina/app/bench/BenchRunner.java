package dev.lamina.app.bench;

import dev.lamina.backend.DeviceCounters;
import dev.lamina.session.Session;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
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
    Map<String, DeviceCounters> work = new LinkedHashMap<>();
    try (Session session = model.model().newSession()) {
      SplittableRandom random = new SplittableRandom(1);
      int vocabulary = model.model().config().nVocab();
      if (warmUp) {
        prepare(session, test, random, vocabulary);
        time(session, test, random, vocabulary);
      }
      for (int i = 0; i < repetitions; i++) {
        prepare(session, test, random, vocabulary);
        Map<String, DeviceCounters> before = DeviceWork.read(model.model().placement());
        nanos[i] = time(session, test, random, vocabulary);
        DeviceWork.read(model.model().placement())
            .forEach(
                (id, after) -> {
                  // A device that only a fall-back brought in has nothing to compare with.
                  if (before.containsKey(id)) {
                    work.merge(id, after.minus(before.get(id)), DeviceCounters::plus);
                  }
                });
      }
    }
    Map<String, DeviceWork> perToken = new LinkedHashMap<>();
    long tokens = (long) repetitions * test.tokens();
    work.forEach((id, sum) -> perToken.put(id, DeviceWork.perToken(sum, tokens)));
    return new BenchResult(model, test, start, nanos, perToken);
  }

  private static void prepare(
      Session session, BenchTest test, SplittableRandom random, int vocabulary) {
    session.reset();
    if (test.depth() > 0) {
      session.append(tokens(random, test.depth(), vocabulary));
    }
  }

  private static long time(
      Session session, BenchTest test, SplittableRandom random, int vocabulary) {
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
