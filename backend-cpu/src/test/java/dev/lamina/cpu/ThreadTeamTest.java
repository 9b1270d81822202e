package dev.lamina.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ThreadTeamTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 8})
  void everyUnitOfEveryPhaseRunsOnceAndInOrder(int size) {
    int phases = 300;
    int units = 17;
    AtomicIntegerArray done = new AtomicIntegerArray(phases);
    try (ThreadTeam team = new ThreadTeam(size)) {
      for (int round = 1; round <= 3; round++) {
        int expected = round * units;
        team.run(
            worker -> {
              for (int p = 0; p < phases; p++) {
                if (p > 0) {
                  team.barrier();
                  assertEquals(expected, done.get(p - 1));
                }
                while (team.take() < units) {
                  done.incrementAndGet(p);
                }
              }
            });
        assertEquals(expected, done.get(phases - 1));
      }
    }
  }

  @Test
  void whoWaitsDoesSomethingElse() {
    try (ThreadTeam team = new ThreadTeam(2)) {
      AtomicIntegerArray done = new AtomicIntegerArray(2);
      team.run(
          worker -> {
            if (worker == 1) {
              while (done.get(0) < 1000) {
                Thread.onSpinWait();
              }
              done.incrementAndGet(1);
              team.barrier();
            } else {
              // longer than threads spin before they sleep
              team.barrier(() -> done.incrementAndGet(0) < 5000);
              assertEquals(1, done.get(1));
            }
          });
      assertTrue(done.get(0) >= 1000);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void failureOfOneWorkerEndsTheJobAndNotTheTeam(int failing) {
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () -> {
          try (ThreadTeam team = new ThreadTeam(3)) {
            for (int round = 0; round < 20; round++) {
              IllegalStateException thrown =
                  assertThrows(
                      IllegalStateException.class,
                      () ->
                          team.run(
                              worker -> {
                                team.barrier();
                                if (worker == failing) {
                                  throw new IllegalStateException("as planned");
                                }
                                team.barrier();
                                team.barrier();
                              }));
              assertEquals("as planned", thrown.getMessage());
              int[] ran = new int[3];
              team.run(worker -> ran[worker]++);
              assertEquals(3, ran[0] + ran[1] + ran[2]);
            }
          }
        });
  }

  @Test
  void idleThreadsSleepAndEndWithTheTeam() throws InterruptedException {
    ThreadTeam team = new ThreadTeam(2);
    team.run(worker -> {});
    Thread worker = workers().getFirst();
    for (int i = 0; i < 500 && worker.getState() != Thread.State.WAITING; i++) {
      Thread.sleep(10);
    }
    assertEquals(Thread.State.WAITING, worker.getState());
    team.close();
    worker.join(5000);
    assertFalse(worker.isAlive());
    assertThrows(IllegalStateException.class, () -> team.run(w -> {}));
  }

  private static List<Thread> workers() {
    List<Thread> found =
        Thread.getAllStackTraces().keySet().stream()
            .filter(thread -> thread.getName().startsWith("lamina-cpu-"))
            .toList();
    assertTrue(found.size() >= 1);
    return found;
  }
}
