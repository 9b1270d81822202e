package dev.lamina.cpu;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * A fixed set of threads that run one job together, the caller among them, and meet at barriers.
 * Waiting threads first spin, which keeps the hand-over between two ops below a microsecond, then
 * offer their processors to others, and at last park, so that an idle team costs nothing. Used by
 * one caller at a time.
 */
final class ThreadTeam implements AutoCloseable {
  /** What every worker runs. */
  interface Job {
    void run(int worker);
  }

  /** Something useful to do while waiting. */
  interface Idle {
    /** Does a little of it, less than a microsecond; returns whether there was anything to do. */
    boolean work();
  }

  /** Thrown in workers that wait for one that has failed. */
  private static final class Broken extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Broken() {
      super("another worker failed", null, false, false);
    }
  }

  private static final Broken BROKEN = new Broken();

  private static final Idle NOTHING = () -> false;

  /** Pauses before a processor is offered: about 30 to 50 microseconds on current ones. */
  private static final int SPINS = 1000;

  /**
   * Nanoseconds for which a processor is offered before parking. A thread that has parked is back
   * after 50 to 200 microseconds, in virtual machines later; what happens between two tokens takes
   * as long.
   */
  private static final long OFFERING = 1_000_000;

  /** Beyond all units, with room to count on. */
  private static final int NONE_LEFT = 1 << 30;

  private final int size;
  private final int spins;
  private final long offering;
  private final Thread[] threads;
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicInteger arrived = new AtomicInteger();
  private final AtomicInteger running = new AtomicInteger();

  /** Counts the jobs started. */
  private volatile int started;

  /** Counts the barriers passed. */
  private volatile int phase;

  /** How many threads are parked or about to be. */
  private final AtomicInteger parked = new AtomicInteger();

  private volatile Throwable failure;
  private volatile boolean closed;
  private volatile Thread caller;
  private Job job;

  ThreadTeam(int size) {
    this.size = size;
    // more threads than processors: whoever spins keeps another from working
    boolean room = size <= Runtime.getRuntime().availableProcessors();
    this.spins = room ? SPINS : 0;
    this.offering = room ? OFFERING : 0;
    this.threads = new Thread[size];
    for (int i = 1; i < size; i++) {
      int worker = i;
      Thread thread = new Thread(() -> work(worker), "lamina-cpu-" + i);
      thread.setDaemon(true);
      threads[i] = thread;
    }
    for (int i = 1; i < size; i++) {
      threads[i].start();
    }
  }

  int size() {
    return size;
  }

  /** The next number of the current phase, from 0; begins anew after each barrier. */
  int take() {
    return next.getAndIncrement();
  }

  /** Whether no number is left in the current phase because of {@link #skip}. */
  boolean skipped() {
    return next.get() >= NONE_LEFT;
  }

  /** Leaves no number in the current phase. */
  void skip() {
    next.set(NONE_LEFT);
  }

  /**
   * Runs a job on all workers, the caller as number 0, and returns when all have ended. Where one
   * fails, the others end at their next barrier and its failure is thrown.
   */
  void run(Job work) {
    if (closed) {
      throw new IllegalStateException("the thread team is closed");
    }
    next.set(0);
    if (size == 1) {
      work.run(0);
      return;
    }
    failure = null;
    arrived.set(0);
    running.set(size - 1);
    caller = Thread.currentThread();
    job = work;
    started++;
    wake();
    guarded(work, 0);
    await(() -> running.get() != 0, NOTHING);
    job = null;
    Throwable failed = failure;
    if (failed instanceof RuntimeException e) {
      throw e;
    }
    if (failed instanceof Error e) {
      throw e;
    }
  }

  /** Waits within a job until every worker has come here. */
  void barrier() {
    barrier(NOTHING);
  }

  /**
   * The same.
   *
   * @param idle what can be done meanwhile
   */
  void barrier(Idle idle) {
    if (size == 1) {
      next.setPlain(0);
      return;
    }
    int before = phase;
    if (arrived.incrementAndGet() == size) {
      arrived.setPlain(0);
      next.setPlain(0);
      phase = before + 1;
      wake();
      return;
    }
    await(() -> phase == before && failure == null, idle);
    if (phase == before) {
      throw BROKEN;
    }
  }

  @Override
  public void close() {
    closed = true;
    for (Thread thread : threads) {
      LockSupport.unpark(thread);
    }
  }

  private void work(int worker) {
    int seen = 0;
    while (true) {
      int last = seen;
      await(() -> started == last && !closed, NOTHING);
      if (started == last) {
        return;
      }
      seen = last + 1;
      guarded(job, worker);
      if (running.decrementAndGet() == 0) {
        wake();
      }
    }
  }

  private void guarded(Job work, int worker) {
    try {
      work.run(worker);
    } catch (Broken e) {
      // the worker that failed has told
    } catch (Throwable e) {
      failure = e;
      wake();
    }
  }

  /** What a thread waits for. */
  private interface Condition {
    boolean still();
  }

  private void await(Condition waiting, Idle idle) {
    long parking = 0;
    for (int i = 0; waiting.still(); i++) {
      if (idle.work()) {
        continue;
      }
      if (i < spins) {
        Thread.onSpinWait();
        continue;
      }
      long now = System.nanoTime();
      if (parking == 0) {
        parking = now + offering;
      }
      if (now - parking < 0) {
        Thread.yield();
      } else {
        park(waiting);
      }
    }
  }

  private void park(Condition waiting) {
    parked.incrementAndGet();
    // looked at again after the announcement, so that the one who changes it cannot miss us
    if (waiting.still()) {
      LockSupport.park(this);
    }
    parked.decrementAndGet();
  }

  private void wake() {
    if (parked.get() == 0) {
      return;
    }
    LockSupport.unpark(caller);
    for (Thread thread : threads) {
      LockSupport.unpark(thread);
    }
  }
}
