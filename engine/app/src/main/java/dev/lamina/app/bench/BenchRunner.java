package dev.lamina.app.bench;

import dev.lamina.backend.DeviceCounters;
import dev.lamina.session.Session;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
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
    List<Session> sessions = new ArrayList<>();
    try {
      while (sessions.size() < test.parallel()) {
        sessions.add(model.model().newSession());
      }
      SplittableRandom random = new SplittableRandom(1);
      int vocabulary = model.model().config().nVocab();
      if (warmUp) {
        prepare(sessions, test, random, vocabulary);
        time(sessions, test, random, vocabulary);
      }
      for (int i = 0; i < repetitions; i++) {
        prepare(sessions, test, random, vocabulary);
        Map<String, DeviceCounters> before = DeviceWork.read(model.model().placement());
        nanos[i] = time(sessions, test, random, vocabulary);
        DeviceWork.read(model.model().placement())
            .forEach(
                (id, after) -> {
                  // A device that only a fall-back brought in has nothing to compare with.
                  if (before.containsKey(id)) {
                    work.merge(id, after.minus(before.get(id)), DeviceCounters::plus);
                  }
                });
      }
    } finally {
      sessions.forEach(Session::close);
    }
    Map<String, DeviceWork> perToken = new LinkedHashMap<>();
    long tokens = (long) repetitions * test.tokens();
    work.forEach((id, sum) -> perToken.put(id, DeviceWork.perToken(sum, tokens)));
    return new BenchResult(model, test, start, nanos, perToken);
  }

  private static void prepare(
      List<Session> sessions, BenchTest test, SplittableRandom random, int vocabulary) {
    for (Session session : sessions) {
      session.reset();
      if (test.depth() > 0) {
        session.append(tokens(random, test.depth(), vocabulary));
      }
    }
  }

  private static long time(
      List<Session> sessions, BenchTest test, SplittableRandom random, int vocabulary) {
    int[] prompt = tokens(random, Math.max(test.parallel(), test.prompt()), vocabulary);
    long start = System.nanoTime();
    if (test.prompt() > 0) {
      sessions.getFirst().append(prompt);
    }
    int[] next = Arrays.copyOf(prompt, sessions.size());
    for (int i = 0; i < test.generated(); i++) {
      next = Session.append(sessions, next);
    }
    return System.nanoTime() - start;
  }

  private static int[] tokens(SplittableRandom random, int count, int vocabulary) {
    return random.ints(count, 0, vocabulary).toArray();
  }
}
