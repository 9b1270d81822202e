package dev.lamina.cpu;

import dev.lamina.backend.Op;
import dev.lamina.cpu.kernel.Kernel;
import dev.lamina.cpu.kernel.TimedKernel;
import java.io.PrintStream;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * Where the threads' time in a program's steps goes, by kernel, apart for prompts and single
 * tokens; what no kernel had is handing over and waiting for each other. Costs some tens of
 * nanoseconds a unit, so it is there only where the property {@value #PROPERTY} asks for it.
 */
final class Profile {
  static final String PROPERTY = "lamina.cpu.profile";

  /** Time and steps of one kind. */
  private static final class Side {
    private final Map<String, TimedKernel.Times> kernels = new ConcurrentSkipListMap<>();
    private long nanos;
    private long steps;
    private long tokens;

    TimedKernel.Times of(String kernel) {
      return kernels.computeIfAbsent(kernel, k -> new TimedKernel.Times());
    }

    void print(String title, PrintStream to) {
      if (steps == 0) {
        return;
      }
      to.printf(
          Locale.ROOT,
          "lamina: profile of %d %s (%d tokens), thread ms a step:%n",
          steps,
          title,
          tokens);
      long[] rest = {nanos};
      kernels.entrySet().stream()
          .sorted((a, b) -> Long.compare(b.getValue().work().sum(), a.getValue().work().sum()))
          .forEach(
              entry -> {
                long spent = entry.getValue().work().sum();
                rest[0] -= spent;
                line(to, entry.getKey(), spent);
              });
      line(to, "handing over and waiting", rest[0]);
      line(
          to,
          "  others had no processor",
          kernels.values().stream().mapToLong(times -> times.stalled().sum()).sum());
      kernels.forEach((name, times) -> line(to, "  waiting after " + name, times.waiting().sum()));
    }

    private void line(PrintStream to, String name, long spent) {
      if (spent > 0) {
        to.printf(
            Locale.ROOT,
            "  %-30s %10.3f %6.1f %%%n",
            name,
            spent / 1e6 / steps,
            100.0 * spent / nanos);
      }
    }
  }

  private final Side prompts = new Side();
  private final Side singles = new Side();

  private Profile() {}

  /** One where the property asks for it, else null. */
  static Profile asked() {
    return Boolean.getBoolean(PROPERTY) ? new Profile() : null;
  }

  /**
   * The kernel with its time taken.
   *
   * @param op what it computes, or null where it helps several
   */
  Kernel timed(Kernel kernel, Op op) {
    String name = op != null ? op.getClass().getSimpleName() : kernel.getClass().getSimpleName();
    return new TimedKernel(kernel, prompts.of(name), singles.of(name));
  }

  /** Adds a step's time, of all threads together. */
  void step(int tokens, long nanos) {
    Side side = tokens > 1 ? prompts : singles;
    side.nanos += nanos;
    side.tokens += tokens;
    side.steps++;
  }

  void print(PrintStream to) {
    prompts.print("steps of several tokens", to);
    singles.print("steps of one token", to);
  }
}
