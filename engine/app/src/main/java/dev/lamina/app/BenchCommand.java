package dev.lamina.app;

import dev.lamina.app.bench.BenchModel;
import dev.lamina.app.bench.BenchModels;
import dev.lamina.app.bench.BenchReport;
import dev.lamina.app.bench.BenchResult;
import dev.lamina.app.bench.BenchRunner;
import dev.lamina.app.bench.BenchTest;
import dev.lamina.backend.DeviceSpeed;
import dev.lamina.model.synthetic.SyntheticData;
import dev.lamina.model.synthetic.SyntheticModel;
import dev.lamina.session.LoadOptions;
import dev.lamina.session.LoadProgress;
import dev.lamina.session.Model;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lamina bench}: llama-bench's tests, with its flags, columns and keys. */
@Command(
    name = "bench",
    description = {
      "Measure prompt processing (pp) and generation (tg) in tokens per second.",
      "'limit' is the rate at which weights are read (tg) or the float operations of the layers'"
          + " matrix products (pp), and its share of what this machine was measured to do;"
          + " 'first' compares with the first row of the same test."
    })
final class BenchCommand implements Runnable {

  /** The property of the CPU device that says which kernels it begins with. */
  static final String START = "lamina.cpu.start";

  /** The forms of the result. */
  enum Form {
    MD,
    JSON,
    JSONL,
    CSV
  }

  @Spec private CommandSpec spec;
  @Mixin private ModelFlags flags;

  @Parameters(paramLabel = "FILE", arity = "0..*", description = "Further GGUF files to measure.")
  private List<Path> files = List.of();

  @Option(
      names = {"-p", "--n-prompt"},
      paramLabel = "N",
      split = ",",
      description = "Prompt lengths; 0 for none. [512]")
  private List<Integer> prompts = List.of(512);

  @Option(
      names = {"-n", "--n-gen"},
      paramLabel = "N",
      split = ",",
      description = "Tokens to generate; 0 for none. [128]")
  private List<Integer> generated = List.of(128);

  @Option(
      names = {"-d", "--n-depth"},
      paramLabel = "N",
      split = ",",
      description = "Tokens in the context before. [0]")
  private List<Integer> depths = List.of(0);

  @Option(
      names = {"-npl", "--n-parallel"},
      paramLabel = "N",
      split = ",",
      description = "Texts to generate at once, a token of each in a step. [1]")
  private List<Integer> parallel = List.of(1);

  @Option(
      names = {"-r", "--repetitions"},
      paramLabel = "N",
      description = "Repetitions of each test. [5]")
  private int repetitions = 5;

  @Option(names = "--no-warmup", description = "Time the first run as well.")
  private boolean noWarmUp;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "md|csv|json|jsonl",
      description = "Form of the result. [md]")
  private Form form = Form.MD;

  @Option(
      names = "--synthetic",
      paramLabel = "SHAPE",
      description = "A model of random weights, such as llama-1b, qwen2-1.5b or gemma3-1b.")
  private String shape;

  @Option(
      names = "--type",
      paramLabel = "TYPE",
      split = ",",
      description = "Types of its weights, such as Q4_0,Q8_0,Q4_K_M. [Q8_0]")
  private List<String> types = List.of("Q8_0");

  @Option(names = "--seed", paramLabel = "N", description = "Seed of its random weights. [1]")
  private long seed = 1;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "Write the synthetic model to a GGUF file, and measure that.")
  private Path out;

  @Override
  public void run() {
    check();
    VectorModule.load();
    // What is measured are the kernels of long runs, which a small model would not begin with.
    boolean asked = System.getProperty(START) != null;
    if (!asked) {
      System.setProperty(START, "simd");
    }
    try {
      measure();
    } finally {
      if (!asked) {
        System.clearProperty(START);
      }
    }
  }

  private void measure() {
    List<BenchTest> tests = tests();
    LoadOptions options = flags.options(null, LoadProgress.NONE);
    if (options.context() == 0) {
      long longest =
          tests.stream()
              .mapToLong(t -> t.tokens() / t.parallel() + (long) t.depth())
              .max()
              .orElse(1);
      options = options.withContext((int) Math.min(Integer.MAX_VALUE, longest + 1));
    }
    int texts = tests.stream().mapToInt(BenchTest::parallel).max().orElse(1);
    options = options.withSequences(Math.max(texts, options.sequences()));
    PrintWriter target = spec.commandLine().getOut();
    BenchReport report = new BenchReport(new Commands.Version().getVersion()[0]);
    BenchRunner runner = new BenchRunner(repetitions, !noWarmUp);
    if (shape != null) {
      for (String type : types) {
        SyntheticModel synthetic = SyntheticModel.of(shape, type);
        if (out == null) {
          measure(BenchModels.synthetic(synthetic, seed, options), tests, runner, report);
        } else {
          SyntheticData.write(synthetic, seed, out);
          measure(BenchModels.file(out, options), tests, runner, report);
        }
      }
    } else if (!flags.isDemo() || files.isEmpty()) {
      measure(BenchModels.file(flags.file(), options), tests, runner, report);
    }
    for (Path file : files) {
      measure(BenchModels.file(file, options), tests, runner, report);
    }
    if (form == Form.JSON) {
      Json.print(target, report.records());
    }
  }

  private void measure(
      BenchModel model, List<BenchTest> tests, BenchRunner runner, BenchReport report) {
    PrintWriter target = spec.commandLine().getOut();
    try (Model _ = model.model()) {
      limits(model);
      for (BenchTest test : tests) {
        boolean first = report.records().isEmpty();
        BenchResult result = runner.run(model, test);
        report.add(result);
        switch (form) {
          case MD -> {
            if (first) {
              target.println(BenchReport.markdownHead());
            }
            target.println(report.markdownRow());
            result.work().forEach((id, work) -> note(test.label() + ", " + id + ": " + work));
          }
          case JSONL -> Json.printLine(target, report.records().getLast());
          case CSV -> {
            Map<String, Object> record = report.records().getLast();
            if (first) {
              target.println(BenchReport.csvHead(record));
            }
            target.println(BenchReport.csvRow(record));
          }
          case JSON -> {}
        }
        target.flush();
      }
    }
  }

  private void note(String line) {
    Notes.tell(spec.commandLine().getErr(), line);
  }

  private void limits(BenchModel model) {
    model.model().placement().summary().forEach(this::note);
    DeviceSpeed speed = model.speed();
    if (speed != null) {
      note(
          String.format(
              Locale.ROOT,
              "this machine reads %.1f GB/s and does %.0f GFLOP/s in float32",
              speed.readBytesPerSecond() / 1e9,
              speed.floatOpsPerSecond() / 1e9));
    }
  }

  private List<BenchTest> tests() {
    List<BenchTest> tests = new ArrayList<>();
    for (int depth : depths) {
      prompts.stream().filter(n -> n > 0).forEach(n -> tests.add(new BenchTest(n, 0, depth, 1)));
      for (int texts : parallel) {
        generated.stream()
            .filter(n -> n > 0)
            .forEach(n -> tests.add(new BenchTest(0, n, depth, texts)));
      }
    }
    if (tests.isEmpty()) {
      throw wrong("there is nothing to measure: give -p or -n a number above 0");
    }
    return tests;
  }

  private void check() {
    for (List<Integer> counts : List.of(prompts, generated, depths)) {
      if (counts.stream().anyMatch(n -> n < 0)) {
        throw wrong("-p, -n and -d take numbers from 0 on");
      }
    }
    if (parallel.stream().anyMatch(n -> n < 1)) {
      throw wrong("-npl takes numbers from 1 on");
    }
    if (repetitions < 1) {
      throw wrong("-r must be at least 1");
    }
    if (out != null && (shape == null || types.size() != 1)) {
      throw wrong("--out writes one synthetic model: give --synthetic and one --type");
    }
    if (shape != null && !flags.isDemo()) {
      throw wrong("--synthetic and -m name two models: put the file behind the flags instead");
    }
  }

  private ParameterException wrong(String message) {
    return new ParameterException(spec.commandLine(), message);
  }
}
