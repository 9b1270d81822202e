package dev.lamina.cpu;

import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.DeviceSpeed;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Measures the machine, then runs {@link KernelBenchmark} and prints each figure with its share of
 * the limit: what is bound by memory as bytes a second of the read bandwidth, the rest as float
 * operations a second of the float peak (which products of 8-bit integers can pass). Figures are
 * medians, so that what else runs on the machine at times does not count, as with the limits.
 *
 * <p>The peak is that of multiply-adds on registers. A processor whose clock is bound by power may
 * lower it for a product, which also loads 14 operands for 24 of them: on a Xeon with AMX, two
 * threads and 512 bits, loops that do nothing else reach 83 to 86 % of the peak, although they do
 * more than 1.9 multiply-adds in a cycle of at most 2.
 */
public final class KernelTable {
  private static final List<String> TYPES =
      List.of(
          "Q4_0", "Q8_0", "Q4_K", "Q5_K", "Q6_K", "Q2_K", "Q3_K", "IQ4_XS", "IQ3_S", "IQ2_XXS",
          "IQ1_S");

  private KernelTable() {}

  private static String[] all() {
    List<String> works = new ArrayList<>();
    for (String type : TYPES) {
      works.add("product " + type + " 1");
      works.add("product " + type + " 512");
    }
    for (String type : List.of("BF16", "F16", "F32", "Q4_0", "Q8_0", "Q4_K", "Q6_K", "IQ2_XS")) {
      works.add("floats " + type + " 1");
      works.add("floats " + type + " 512");
    }
    for (String type : List.of("F16", "Q8_0", "Q4_0", "BF16", "F32")) {
      works.add("attention " + type + " 4096 1");
    }
    works.add("attention F16 512 1");
    works.add("attention F16 0 512");
    works.add("attention F16 3584 512");
    works.add("attention Q8_0 3584 512");
    for (String type : List.of("Q4_0", "Q4_K", "Q6_K")) {
      works.add("quantize " + type + " 512");
    }
    for (String op : List.of("norm", "gate", "add", "rope")) {
      works.add(op + " 512");
    }
    return works.toArray(String[]::new);
  }

  /**
   * Starts it.
   *
   * @param args what to run, as {@link KernelBenchmark#work} says it; nothing for all
   */
  public static void main(String[] args) throws RunnerException {
    DeviceSpeed speed;
    try (CpuDevice device = new CpuDevice(new DeviceOptions(KernelBenchmark.THREADS, true))) {
      speed = device.measureSpeed().orElseThrow();
    }
    System.out.printf(
        Locale.ROOT,
        "%d threads; the machine reads %.1f GB/s and does %.0f GFLOP/s in float32%n",
        KernelBenchmark.THREADS,
        speed.readBytesPerSecond() / 1e9,
        speed.floatOpsPerSecond() / 1e9);
    Options options =
        new OptionsBuilder()
            .include(KernelBenchmark.class.getName())
            .param("work", args.length > 0 ? args : all())
            .forks(1)
            .warmupIterations(2)
            .warmupTime(TimeValue.milliseconds(700))
            .measurementIterations(4)
            .measurementTime(TimeValue.milliseconds(500))
            .verbosity(VerboseMode.SILENT)
            .shouldFailOnError(true)
            .build();
    Collection<RunResult> results = new Runner(options).run();
    System.out.println("| Kernel | µs | rate | share of limit |");
    System.out.println("|---|--:|--:|--:|");
    for (RunResult result : results) {
      double median = result.getPrimaryResult().getStatistics().getPercentile(50);
      row(result.getParams().getParam("work"), median, speed);
    }
  }

  private static void row(String work, double micros, DeviceSpeed speed) {
    KernelBenchmark.Cost cost = KernelBenchmark.cost(work);
    double bytes = cost.bytes() / micros * 1e6;
    double flops = cost.flops() / micros * 1e6;
    double ofBandwidth = bytes / speed.readBytesPerSecond();
    double ofPeak = flops / speed.floatOpsPerSecond();
    boolean memory = work.endsWith(" 1") || cost.flops() == 0;
    System.out.printf(
        Locale.ROOT,
        "| %s | %.0f | %.1f %s | %.0f %% |%n",
        work,
        micros,
        (memory ? bytes : flops) / 1e9,
        memory ? "GB/s" : "GFLOP/s",
        100 * (memory ? ofBandwidth : ofPeak));
  }
}
