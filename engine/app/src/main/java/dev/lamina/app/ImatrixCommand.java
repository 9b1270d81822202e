package dev.lamina.app;

import dev.lamina.NewFile;
import dev.lamina.quantize.ImportanceCollector;
import dev.lamina.quantize.ImportanceFile;
import dev.lamina.quantize.ImportanceMatrix;
import dev.lamina.quantize.ImportanceStatistics;
import dev.lamina.session.Calibration;
import dev.lamina.session.LoadOptions;
import dev.lamina.session.TextWindows;
import dev.lamina.tokenizer.Tokenizer;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code lamina imatrix}: importance matrices, with llama-imatrix's flags. */
@Command(
    name = "imatrix",
    description = {
      "Make an importance matrix: how much each column of a model's matrices is used while it reads"
          + " a text. 'lamina quantize --imatrix' takes care of the columns that matter. The file"
          + " is llama.cpp's.",
      "Layer by layer: memory holds one layer's weights, and four bytes for each token and each"
          + " value of the hidden state.%n"
    })
final class ImatrixCommand implements Runnable {
  private static final int DEFAULT_WINDOW = 512;
  private static final int SHOWN = 8;

  @Spec private CommandSpec spec;

  @Option(
      names = {"-f", "--file"},
      paramLabel = "FILE",
      description = "The text to calibrate with; '-' for stdin.")
  private String file;

  @Option(
      names = {"-o", "--output", "--output-file"},
      paramLabel = "FILE",
      description = "What to write. [imatrix.gguf]")
  private Path output;

  @Option(names = "--chunks", paramLabel = "N", description = "Windows to take; -1: all. [-1]")
  private int chunks = -1;

  @Option(
      names = "--parse-special",
      description = "Read special tokens in the text as such, not as text.")
  private boolean parseSpecial;

  @Option(
      names = "--in-file",
      paramLabel = "FILE",
      description =
          "An importance matrix to add to the new one, or, without -f, to the others; also of the"
              + " older form (.dat). May be repeated.")
  private List<Path> inFiles = new ArrayList<>();

  @Option(
      names = "--show-statistics",
      description =
          "Show all tensors, the most important first; without -f, -o nothing is written.")
  private boolean statistics;

  @Option(
      names = {"-q", "--quiet"},
      description = "Print nothing but failures.")
  private boolean quiet;

  @Mixin private ModelFlags flags;

  @Override
  public void run() {
    if (file == null && inFiles.isEmpty()) {
      throw wrong("give a text with -f, or importance matrices with --in-file");
    }
    if (chunks == 0 || chunks < -1) {
      throw wrong("--chunks takes N from 1 on");
    }
    // What can fail at once comes first: a mistake there should not cost hours.
    ImportanceMatrix sum = null;
    for (Path in : inFiles) {
      ImportanceMatrix one = ImportanceFile.read(in);
      sum = sum == null ? one : sum.plus(one);
    }
    Path target = output == null ? Path.of("imatrix.gguf") : output;
    boolean writes = file != null || output != null || !statistics;
    if (writes) {
      NewFile.require(target);
    }
    if (file != null) {
      ImportanceMatrix fresh = compute();
      sum = sum == null ? fresh : sum.plus(fresh);
    }
    if (writes) {
      ImportanceFile.write(sum, target);
      say("wrote " + target + ": " + sum.entries().size() + " tensors");
    }
    if (statistics || !quiet) {
      show(sum);
    }
  }

  private ParameterException wrong(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  private ImportanceMatrix compute() {
    VectorModule.load();
    // Each layer is a program of its own: one that began slowly would never be done with that.
    boolean asked = System.getProperty(BenchCommand.START) != null;
    if (!asked) {
      System.setProperty(BenchCommand.START, "simd");
    }
    try {
      return calibrate();
    } finally {
      if (!asked) {
        System.clearProperty(BenchCommand.START);
      }
    }
  }

  private ImportanceMatrix calibrate() {
    String text = Input.text(spec, null, file).orElseThrow();
    int window = flags.context() == 0 ? DEFAULT_WINDOW : flags.context();
    LoadOptions options = flags.options(null, (done, total) -> {}).withContext(window);
    try (Calibration calibration = Calibration.open(flags.file(), options)) {
      Tokenizer tokenizer = calibration.tokenizer();
      int[] tokens = tokenizer.encode(text, true, parseSpecial);
      int bos = tokenizer.addBos() ? tokenizer.bos().orElse(-1) : -1;
      TextWindows windows = TextWindows.halves(tokens, window, chunks, bos);
      say(
          String.format(
              Locale.ROOT,
              "%s reads %d windows of %d tokens (of %d tokens)",
              flags.name(),
              windows.count(),
              window,
              tokens.length));
      ImportanceCollector collector = new ImportanceCollector();
      long start = System.nanoTime();
      PrintWriter err = spec.commandLine().getErr();
      try (var line = new ProgressLine(err, Terminals.stderr() && !quiet, 0)) {
        calibration.run(
            windows,
            collector,
            (done, total) ->
                line.show(
                    () ->
                        "calibrating %s  %s"
                            .formatted(
                                ProgressLine.bar((double) done / total),
                                ProgressLine.left(start, done, total))));
      }
      double seconds = (System.nanoTime() - start) / 1e9;
      say(
          String.format(
              Locale.ROOT,
              "read %d tokens in %s (%.1f tokens/s)",
              windows.count() * window,
              Loaded.seconds(seconds),
              windows.count() * window / seconds));
      return collector.matrix(file, windows.count(), window);
    }
  }

  private void show(ImportanceMatrix matrix) {
    List<ImportanceStatistics> all = ImportanceStatistics.of(matrix);
    int most = statistics ? all.size() : Math.min(SHOWN, all.size());
    List<List<String>> rows = new ArrayList<>();
    rows.add(
        List.of(
            "tensor",
            "sum",
            "mean",
            "deviation",
            "min",
            "max",
            "entropy",
            "columns",
            "used",
            "cosine"));
    for (ImportanceStatistics s : all.subList(0, most)) {
      rows.add(
          List.of(
              Text.printable(s.tensor(), 60),
              number(s.total()),
              number(s.mean()),
              number(s.deviation()),
              number(s.min()),
              number(s.max()),
              String.format(Locale.ROOT, "%.2f", s.entropy()),
              Integer.toString(s.columns()),
              String.format(Locale.ROOT, "%.1f %%", 100 * s.covered()),
              s.cosine().isPresent()
                  ? String.format(Locale.ROOT, "%.4f", s.cosine().getAsDouble())
                  : "-"));
    }
    PrintWriter out = spec.commandLine().getOut();
    out.println(statistics ? "Tensors, the most important first:" : "The most important tensors:");
    out.print(Text.table("lrrrrrrrrr", rows));
    out.flush();
  }

  private static String number(double v) {
    return String.format(Locale.ROOT, "%.4g", v);
  }

  private void say(String sentence) {
    Notes.tell(spec.commandLine().getErr(), quiet, sentence);
  }
}
