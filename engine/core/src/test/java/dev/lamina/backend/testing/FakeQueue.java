package dev.lamina.backend.testing;

import dev.lamina.backend.DeviceException;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * An in-order queue with a thread of its own. A lazy queue runs nothing before somebody waits,
 * which is the latest that a real one may do it: whoever reuses memory too early, or expects
 * results without waiting, is always found out. An eager one runs as soon as it can.
 */
final class FakeQueue {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Queue<Runnable> tasks = new ArrayDeque<>();
  private final boolean lazy;
  private final Thread worker;
  private boolean released;
  private boolean running;
  private boolean closed;
  private Throwable failure;

  FakeQueue(String name, boolean lazy) {
    this.lazy = lazy;
    worker = Thread.ofPlatform().daemon().name(name).start(this::work);
  }

  /** Appends a task. After a failure it is dropped, as a lost device does. */
  void enqueue(Runnable task) {
    lock.lock();
    try {
      if (closed) {
        throw new IllegalStateException("the device is closed");
      }
      tasks.add(task);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until everything enqueued so far has run; throws the failure of the first that failed.
   */
  void drain() {
    lock.lock();
    try {
      if (closed) {
        throw new IllegalStateException("the device is closed");
      }
      released = true;
      changed.signalAll();
      while (!tasks.isEmpty() || running) {
        changed.awaitUninterruptibly();
      }
      released = false;
      switch (failure) {
        case null -> {}
        case DeviceException e -> throw new DeviceException(e.kind(), e.getMessage(), e);
        default -> throw new IllegalStateException("work on the device failed", failure);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Drops what has not run and ends the thread. */
  void close() {
    lock.lock();
    try {
      closed = true;
      tasks.clear();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    boolean interrupted = false;
    while (worker.isAlive()) {
      try {
        worker.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void work() {
    lock.lock();
    try {
      while (!closed) {
        if (tasks.isEmpty() || lazy && !released) {
          changed.awaitUninterruptibly();
          continue;
        }
        Runnable task = tasks.remove();
        running = true;
        boolean skip = failure != null;
        lock.unlock();
        Throwable thrown = null;
        try {
          if (!skip) {
            task.run();
          }
        } catch (RuntimeException | Error e) {
          thrown = e;
        } finally {
          lock.lock();
        }
        running = false;
        if (thrown != null) {
          failure = thrown;
        }
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }
}
