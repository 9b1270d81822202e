package dev.lamina.cuda;

import dev.lamina.backend.DeviceSpeed;
import dev.lamina.cuda.driver.GpuKernel;
import dev.lamina.cuda.driver.GpuStream;
import dev.lamina.cuda.driver.Grid;
import dev.lamina.shaders.CardKernels;
import dev.lamina.shaders.Kernel;
import java.util.Set;

/** Measures what a card's hardware can do. */
final class CardSpeed {
  /** Beyond the caches of all cards. */
  private static final long MOST_BYTES = 1L << 30;

  private static final int ITEMS = 256;
  private static final int CHAINS = 16;
  private static final int ROUNDS = 1024;
  private static final int GROUPS_OF_A_PROCESSOR = 8;

  /** What is timed lasts at least so long. */
  private static final long LEAST_NANOS = 50_000_000;

  private static final int MOST_REPEATS = 1 << 12;
  private static final int SERIES = 3;

  private CardSpeed() {}

  /** Copies within the card's memory, counting what is read and what is written, and float32. */
  static DeviceSpeed measure(CardDevice device, int processors, long freeBytes) {
    GpuStream stream = device.stream();
    long bytes = Math.clamp(freeBytes / 4 & -512L, 512, MOST_BYTES);
    CardMemory memory = device.memory(2 * bytes);
    try {
      double copies =
          rate(stream, () -> stream.copy(memory.address() + bytes, memory.address(), bytes));
      Kernel kernel = CardKernels.multiplyAdds();
      device.kernels().load(Set.of(kernel.program()));
      GpuKernel loaded = device.kernels().get(kernel);
      int groups =
          (int)
              Math.min((long) GROUPS_OF_A_PROCESSOR * processors, 2 * bytes / ITEMS / Float.BYTES);
      long[] arguments = {memory.address(), Float.floatToRawIntBits(0.5f), ROUNDS};
      double launches =
          rate(stream, () -> stream.launch(loaded, new Grid(groups, 1, 1, ITEMS, 1), 0, arguments));
      return new DeviceSpeed(
          2.0 * bytes * copies, 2.0 * groups * ITEMS * CHAINS * ROUNDS * launches);
    } finally {
      device.settle();
      device.free(memory);
    }
  }

  /** How often in a second; the best of a few series. */
  private static double rate(GpuStream stream, Runnable work) {
    int repeats = 1;
    double best = 0;
    for (int series = 0; series < SERIES; ) {
      stream.synchronise();
      long start = System.nanoTime();
      for (int i = 0; i < repeats; i++) {
        work.run();
      }
      stream.synchronise();
      long nanos = System.nanoTime() - start;
      if (nanos < LEAST_NANOS && repeats < MOST_REPEATS) {
        repeats *= 2;
      } else {
        best = Math.max(best, repeats * 1e9 / nanos);
        series++;
      }
    }
    return best;
  }
}
