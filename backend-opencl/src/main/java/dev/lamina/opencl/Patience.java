package dev.lamina.opencl;

import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.IntSupplier;

/**
 * Waits for calls of a driver that may never return, in a thread of its own, which is left behind
 * where patience ends.
 */
final class Patience implements AutoCloseable {
  private static final Runnable END = () -> {};

  private final String device;
  private Duration most;
  private LinkedBlockingQueue<Runnable> calls;

  Patience(String device, Duration most) {
    this.device = device;
    this.most = most;
  }

  Duration most() {
    return most;
  }

  /** Ends now: whatever is waited for from now on counts as too late. */
  void end() {
    most = Duration.ZERO;
  }

  /** What {@code call} returns; empty where it does not return in time. */
  OptionalInt run(IntSupplier call) {
    CompletableFuture<Integer> result = new CompletableFuture<>();
    thread()
        .add(
            () -> {
              try {
                result.complete(call.getAsInt());
              } catch (RuntimeException | Error e) {
                result.completeExceptionally(e);
              }
            });
    boolean interrupted = false;
    long end = System.nanoTime() + most.toNanos();
    try {
      while (true) {
        try {
          return OptionalInt.of(
              result.get(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS));
        } catch (InterruptedException e) {
          // The device goes on whoever is interrupted: memory in use must not be given back.
          interrupted = true;
        } catch (ExecutionException e) {
          throw new IllegalStateException(e.getCause());
        } catch (TimeoutException e) {
          calls = null;
          return OptionalInt.empty();
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private LinkedBlockingQueue<Runnable> thread() {
    if (calls == null) {
      LinkedBlockingQueue<Runnable> own = new LinkedBlockingQueue<>();
      calls = own;
      Thread.ofPlatform().daemon().name("lamina-wait-" + device).start(() -> work(own));
    }
    return calls;
  }

  private static void work(LinkedBlockingQueue<Runnable> calls) {
    try {
      for (Runnable call = calls.take(); call != END; call = calls.take()) {
        call.run();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    if (calls != null) {
      calls.add(END);
      calls = null;
    }
  }
}
