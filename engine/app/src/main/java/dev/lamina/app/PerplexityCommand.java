package dev.lamina.app;

import dev.lamina.session.BaseLogits;
import dev.lamina.session.Distribution;
import dev.lamina.session.Estimate;
import dev.lamina.session.KlDivergence;
import dev.lamina.session.Model;
import dev.lamina.session.Perplexity;
import dev.lamina.session.Session;
import dev.lamina.session.TextWindows;
import dev.lamina.tokenizer.Tokenizer;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code lamina perplexity}: how well a model predicts a text, with llama-perplexity's flags. */
@Command(
    name = "perplexity",
    description = {
      "Measure how well a model predicts a text, by llama.cpp's method: windows of -c tokens, of"
          + " each the predictions in the second half. Lower is better.",
      "To compare a quantized model with its original: save the predictions of the original with"
          + " --kl-divergence-base FILE, then run the other with --kl-divergence-base FILE"
          + " --kl-divergence. The file is the same as llama.cpp's.%n"
    })
final class PerplexityCommand implements Runnable {
  private static final int DEFAULT_CONTEXT = 512;

  /** Rows of logits in a step: enough to keep a device busy, little memory. */
  private static final int OUTPUTS = 128;

  @Spec private CommandSpec spec;

  @Option(
      names = {"-f", "--file"},
      paramLabel = "FILE",
      description = "The text; '-' for stdin. With --kl-divergence the base's text is used.")
  private String file;

  @Option(
      names = {"-p", "--prompt"},
      paramLabel = "TEXT",
      description = "The text itself.")
  private String prompt;

  @Option(names = "--chunks", paramLabel = "N", description = "Windows to take; -1: all. [-1]")
  private int chunks = -1;

  @Option(
      names = "--ppl-stride",
      paramLabel = "N",
      description =
          "Overlapping windows, each so many tokens behind the one before; 0: one behind the other."
              + " [0]")
  private int stride;

  @Option(
      names = {"--kl-divergence-base", "--save-all-logits"},
      paramLabel = "FILE",
      description = "Save the predictions there; with --kl-divergence: compare with those there.")
  private Path base;

  @Option(
      names = "--kl-divergence",
      description = "Show how far the predictions are from those of --kl-divergence-base.")
  private boolean divergence;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Option(
      names = {"-q", "--quiet"},
      description = "Print nothing but the result, and failures.")
  private boolean quiet;

  @Mixin private ModelFlags flags;

  @Override
  public void run() {
    check();
    if (divergence) {
      try (BaseLogits saved = BaseLogits.open(base)) {
        compare(saved);
      }
    } else {
      measure();
    }
  }

  private void check() {
    if (divergence && base == null) {
      throw wrong("--kl-divergence needs a --kl-divergence-base FILE to compare with");
    }
    if (stride != 0 && base != null) {
      throw wrong("--ppl-stride goes with neither --kl-divergence nor --kl-divergence-base");
    }
    if (chunks == 0 || chunks < -1 || stride < 0) {
      throw wrong(stride < 0 ? "--ppl-stride must not be negative" : "--chunks takes N from 1 on");
    }
  }

  private ParameterException wrong(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  private Loaded load(int window) {
    return Loaded.load(
        flags,
        null,
        spec.commandLine().getErr(),
        quiet,
        options -> options.withContext(window).withOutputs(OUTPUTS));
  }

  private void measure() {
    String text = Input.text(spec, prompt, file).orElseGet(() -> Input.stdin(spec));
    int context = flags.context() == 0 ? DEFAULT_CONTEXT : flags.context();
    try (Loaded loaded = load((int) Math.min(Integer.MAX_VALUE, context + stride / 2L));
        Session session = loaded.model().newSession()) {
      Model model = loaded.model();
      // As llama.cpp does: the text begins with the model's BOS token, special tokens in it are
      // text.
      int[] tokens = model.tokenizer().encode(text, true, false);
      TextWindows windows =
          stride > 0
              ? TextWindows.strided(tokens, context, stride, chunks)
              : TextWindows.halves(tokens, context, chunks, bos(model.tokenizer()));
      say(model, windows, tokens.length);
      Perplexity result;
      try (Bar bar = new Bar("perplexity")) {
        result = base == null ? plain(session, windows, bar) : saving(session, windows, bar);
      }
      PrintWriter out = spec.commandLine().getOut();
      if (json) {
        Json.print(out, describe(result, windows));
      } else {
        out.println(
            format("Final estimate: PPL = %.4f +/- %.5f", result.perplexity(), result.error()));
      }
    }
  }

  private static Perplexity plain(Session session, TextWindows windows, Bar bar) {
    return Perplexity.of(session, windows, (logits, next) -> {}, bar);
  }

  private Perplexity saving(Session session, TextWindows windows, Bar bar) {
    int vocabulary = session.model().graph().vocabulary();
    try (var writer = new BaseLogits.Writer(base, windows, vocabulary)) {
      Perplexity result = Perplexity.of(session, windows, writer, bar);
      writer.finish();
      return result;
    }
  }

  private void compare(BaseLogits saved) {
    if (flags.context() != 0 && flags.context() != saved.context()) {
      throw wrong(
          base + " has windows of " + saved.context() + " tokens: leave out -c, or give the same");
    }
    try (Loaded loaded = load(saved.context());
        Session session = loaded.model().newSession()) {
      KlDivergence result;
      try (Bar bar = new Bar("mean KLD")) {
        result = KlDivergence.of(session, saved, bos(loaded.model().tokenizer()), chunks, bar);
      }
      PrintWriter out = spec.commandLine().getOut();
      if (json) {
        Json.print(out, describe(result));
      } else {
        print(out, result);
      }
    }
  }

  private static int bos(Tokenizer tokenizer) {
    return tokenizer.addBos() ? tokenizer.bos().orElse(-1) : -1;
  }

  private void say(Model model, TextWindows windows, int tokens) {
    PrintWriter err = spec.commandLine().getErr();
    Notes.tell(
        err,
        quiet,
        "%d tokens, %d windows of %d, %d predictions of each count"
            .formatted(tokens, windows.count(), windows.length(), windows.counted()));
    int trained = model.config().contextLength();
    if (trained > 0 && windows.length() > trained) {
      Notes.tell(
          err,
          quiet,
          "the model was trained with %d tokens of context, the windows have %d"
              .formatted(trained, windows.length()));
    }
  }

  /** The bar, with the result so far and the time left. */
  private final class Bar implements TextWindows.Progress, AutoCloseable {
    private final String what;
    private final long start = System.nanoTime();
    private final ProgressLine line =
        new ProgressLine(spec.commandLine().getErr(), Terminals.stderr() && !quiet, 0);

    Bar(String what) {
      this.what = what;
    }

    @Override
    public void window(int done, int total, Estimate soFar) {
      line.show(
          () ->
              format(
                  "%s window %d of %d, %s %.4f +/- %.4f, %s ",
                  ProgressLine.bar((double) done / total),
                  done,
                  total,
                  what,
                  soFar.value(),
                  soFar.error(),
                  ProgressLine.left(start, done, total)));
    }

    @Override
    public void close() {
      line.close();
    }
  }

  private static Map<String, Object> describe(Perplexity result, TextWindows windows) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("perplexity", result.perplexity());
    all.put("error", result.error());
    all.put("tokens", result.tokens());
    all.put("windows", windows.count());
    all.put("context", windows.length());
    return all;
  }

  private static final double[] PERCENTS = {99.9, 99, 95, 90, 75, 50, 25, 10, 5, 1, 0.1};

  private static Map<String, Object> describe(KlDivergence result) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("tokens", result.tokens());
    all.put("perplexity", describe(result.perplexity()));
    all.put("base_perplexity", describe(result.basePerplexity()));
    all.put("correlation", result.correlation());
    all.put("log_ratio", describe(result.logRatio()));
    all.put("ratio", describe(result.ratio()));
    all.put("difference", describe(result.difference()));
    all.put("mean_kl_divergence", describe(result.mean()));
    all.put("kl_divergence", describe(result.divergences()));
    all.put("mean_delta_p", describe(result.meanDelta()));
    all.put("delta_p", describe(result.deltas()));
    all.put("rms_delta_p", describe(result.rmsDelta()));
    all.put("same_top", describe(result.sameTop()));
    return all;
  }

  private static Map<String, Object> describe(Estimate estimate) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("value", estimate.value());
    all.put("error", estimate.error());
    return all;
  }

  private static Map<String, Object> describe(Distribution values) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("maximum", values.max());
    for (double percent : PERCENTS) {
      all.put(
          percent == 50 ? "median" : format("p%s", trimmed(percent)), values.percentile(percent));
    }
    all.put("minimum", values.min());
    return all;
  }

  private static String trimmed(double percent) {
    return percent == Math.rint(percent) ? format("%.0f", percent) : format("%.1f", percent);
  }

  /** In the words and digits of llama-perplexity, which scripts read. */
  private static void print(PrintWriter out, KlDivergence r) {
    out.println("====== Perplexity statistics ======");
    out.println("Mean PPL(Q)                   : " + fine(r.perplexity()));
    out.println("Mean PPL(base)                : " + fine(r.basePerplexity()));
    out.println(format("Cor(ln(PPL(Q)), ln(PPL(base))): %6.2f%%", 100 * r.correlation()));
    out.println("Mean ln(PPL(Q)/PPL(base))     : " + fine(r.logRatio()));
    out.println("Mean PPL(Q)/PPL(base)         : " + fine(r.ratio()));
    out.println("Mean PPL(Q)-PPL(base)         : " + fine(r.difference()));
    out.println();
    out.println("====== KL divergence statistics ======");
    out.println("Mean    KLD: " + fine(r.mean()));
    distribution(out, "KLD", "%10.6f", 1, r.divergences(), 99.9, 99, 95, 90, 50, 10, 5, 1, 0.1);
    out.println();
    out.println("====== Token probability statistics ======");
    out.println("Mean    Δp: " + percent(r.meanDelta()));
    distribution(out, "Δp", "%6.3f%%", 100, r.deltas(), PERCENTS);
    out.println("RMS Δp    : " + percent(r.rmsDelta()));
    out.println("Same top p: " + percent(r.sameTop()));
  }

  private static void distribution(
      PrintWriter out,
      String what,
      String form,
      double factor,
      Distribution values,
      double... percents) {
    out.println("Maximum " + what + ": " + format(form, factor * values.max()));
    for (double p : percents) {
      String name = p == 50 ? "Median " : format("%4.1f%%  ", p);
      out.println(name + " " + what + ": " + format(form, factor * values.percentile(p)));
    }
    out.println("Minimum " + what + ": " + format(form, factor * values.min()));
  }

  private static String fine(Estimate e) {
    return format("%10.6f ± %10.6f", e.value(), e.error());
  }

  private static String percent(Estimate e) {
    return format("%6.3f ± %5.3f %%", 100 * e.value(), 100 * e.error());
  }

  private static String format(String form, Object... values) {
    return String.format(Locale.ROOT, form, values);
  }
}
