package dev.lamina.app;

import dev.lamina.session.LoadOptions;
import dev.lamina.session.LoadProgress;
import dev.lamina.session.Model;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.UnaryOperator;

/**
 * A model that a command has loaded, with how long that took.
 *
 * @param model the model; closed with this
 * @param nanos from the command's start to the end of loading
 */
record Loaded(Model model, long nanos) implements AutoCloseable {

  /** Loads with a bar, and tells where the layers went. */
  static Loaded load(ModelFlags flags, String chatTemplate, PrintWriter err, boolean quiet) {
    return load(flags, chatTemplate, err, quiet, null);
  }

  /**
   * As {@link #load(ModelFlags, String, PrintWriter, boolean)}, with a command's own changes to the
   * options; null: none.
   */
  static Loaded load(
      ModelFlags flags,
      String chatTemplate,
      PrintWriter err,
      boolean quiet,
      UnaryOperator<LoadOptions> change) {
    // Wrong flags are told before anything is downloaded, and a download is no part of loading.
    LoadOptions options = flags.options(chatTemplate, LoadProgress.NONE);
    if (change != null) {
      options = change.apply(options);
    }
    Path file = flags.file();
    VectorModule.load();
    long start = System.nanoTime();
    Model model;
    try (var bar = new LoadBar(err, Terminals.stderr())) {
      if (flags.isDemo() && !quiet) {
        Notes.tell(
            err,
            "this is the built-in demo model, which tells animal stories; -m FILE.gguf runs"
                + " another");
      }
      model = Model.load(file, options.withProgress(bar));
    }
    var loaded = new Loaded(model, System.nanoTime() - start);
    if (!quiet) {
      model.placement().summary().forEach(line -> Notes.tell(err, line));
    }
    return loaded;
  }

  /** Milliseconds of loading. */
  double milliseconds() {
    return nanos / 1e6;
  }

  static String seconds(double seconds) {
    return String.format(Locale.ROOT, seconds < 10 ? "%.2f s" : "%.1f s", seconds);
  }

  @Override
  public void close() {
    model.close();
  }
}
