package dev.lamina.cpu;

import dev.lamina.backend.DeviceSpeed;
import dev.lamina.cpu.simd.Simd;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Measures what the processor can do with all threads of a team: how fast it reads memory that no
 * cache holds, and how many float operations it does when nothing else is in the way. The best of
 * several short rounds counts, since whatever else runs on the machine only takes away.
 */
final class MachineLimits {
  /** Read in each round: more than the caches of most processors, within what is free. */
  private static final long BYTES = 1L << 30;

  private static final int ROUNDS = 6;

  /** As long as rounds go on at least: longer than other processes are let run in between. */
  private static final long MEASURED_NANOS = 200_000_000;

  private static final long WARM_UP_NANOS = 300_000_000;
  private static final int ACCUMULATORS = 12;
  private static final int CHAIN = 200_000;

  private MachineLimits() {}

  static DeviceSpeed measure(ThreadTeam team, long freeMemory) {
    return new DeviceSpeed(readBandwidth(team, freeMemory), floatPeak(team));
  }

  private static double readBandwidth(ThreadTeam team, long freeMemory) {
    long slice = Math.max(1L << 20, Math.min(BYTES, freeMemory / 4) / team.size()) & -4096L;
    AtomicLong sink = new AtomicLong();
    try (Arena arena = Arena.ofShared()) {
      MemorySegment memory = arena.allocate(slice * team.size(), 1 << 21);
      team.run(worker -> memory.asSlice(worker * slice, slice).fill((byte) (worker + 1)));
      long address = memory.address();
      double seconds =
          best(() -> team.run(worker -> sink.addAndGet(sum(address + worker * slice, slice))));
      if (sink.get() == 0) {
        throw new AssertionError("memory was filled with other than zeros");
      }
      return slice * team.size() / seconds;
    }
  }

  /** Adds up all words, so that every byte must be read. */
  private static int sum(long address, long bytes) {
    IntVector a = IntVector.zero(Simd.I);
    IntVector b = a;
    IntVector c = a;
    IntVector d = a;
    int step = Simd.BYTES;
    for (long at = address; at < address + bytes; at += 4L * step) {
      a = a.add(words(at));
      b = b.add(words(at + step));
      c = c.add(words(at + 2L * step));
      d = d.add(words(at + 3L * step));
    }
    return a.add(b).add(c.add(d)).reduceLanes(VectorOperators.ADD) | 1;
  }

  private static IntVector words(long address) {
    return IntVector.fromMemorySegment(Simd.I, Simd.ALL, address, Simd.ORDER);
  }

  private static double floatPeak(ThreadTeam team) {
    float[] sinks = new float[team.size()];
    double seconds = best(() -> team.run(worker -> sinks[worker] = chains(0.999f, sinks[worker])));
    return 2.0 * ACCUMULATORS * CHAIN * Simd.LANES * team.size() / seconds;
  }

  /** Independent chains of multiply-adds: enough of them to hide the latency of each. */
  private static float chains(float factor, float start) {
    FloatVector m = FloatVector.broadcast(Simd.F, factor);
    FloatVector x = FloatVector.broadcast(Simd.F, 1e-3f);
    FloatVector a0 = FloatVector.broadcast(Simd.F, start);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    FloatVector a4 = a0;
    FloatVector a5 = a0;
    FloatVector a6 = a0;
    FloatVector a7 = a0;
    FloatVector a8 = a0;
    FloatVector a9 = a0;
    FloatVector a10 = a0;
    FloatVector a11 = a0;
    for (int i = 0; i < CHAIN; i++) {
      a0 = a0.fma(m, x);
      a1 = a1.fma(m, x);
      a2 = a2.fma(m, x);
      a3 = a3.fma(m, x);
      a4 = a4.fma(m, x);
      a5 = a5.fma(m, x);
      a6 = a6.fma(m, x);
      a7 = a7.fma(m, x);
      a8 = a8.fma(m, x);
      a9 = a9.fma(m, x);
      a10 = a10.fma(m, x);
      a11 = a11.fma(m, x);
    }
    FloatVector low = a0.add(a1).add(a2).add(a3).add(a4).add(a5);
    FloatVector high = a6.add(a7).add(a8).add(a9).add(a10).add(a11);
    return low.add(high).reduceLanes(VectorOperators.ADD) / (ACCUMULATORS * Simd.LANES);
  }

  /** Seconds of the fastest round, after enough rounds for the code to be compiled. */
  private static double best(Runnable round) {
    long begin = System.nanoTime();
    while (System.nanoTime() - begin < WARM_UP_NANOS) {
      round.run();
    }
    long best = Long.MAX_VALUE;
    long measured = System.nanoTime();
    for (int i = 0; i < ROUNDS || System.nanoTime() - measured < MEASURED_NANOS; i++) {
      long start = System.nanoTime();
      round.run();
      best = Math.min(best, System.nanoTime() - start);
    }
    return best / 1e9;
  }
}
