package dev.lamina.app;

import dev.lamina.gguf.GgufFile;
import dev.lamina.gguf.PartsWriter;
import dev.lamina.gguf.Splitting;
import dev.lamina.gguf.TensorInfo;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lamina split}: a model in several files, with llama-gguf-split's flags. */
@Command(
    name = "split",
    description =
        "Split a model into several files, NAME-00001-of-0000N.gguf. Any command takes any of them"
            + " for the whole.")
final class SplitCommand implements Runnable {
  private static final int DEFAULT_TENSORS = 128;
  private static final Pattern SIZE = Pattern.compile("([1-9]\\d{0,8})([MG])B?");

  @Spec private CommandSpec spec;

  @Parameters(index = "0", paramLabel = "IN", description = "The model.")
  private Path in;

  @Parameters(
      index = "1",
      paramLabel = "NAME",
      description =
          "What the parts are to be called, with their folder; an ending .gguf is left out.")
  private Path name;

  @Option(
      names = "--split-max-size",
      paramLabel = "N(M|G)",
      description = "Most megabytes or gigabytes (of 1000 each) of tensors in a part.")
  private String size;

  @Option(
      names = "--split-max-tensors",
      paramLabel = "N",
      description = "Most tensors in a part. [128, where no size is given]")
  private Integer tensors;

  @Option(names = "--no-tensor-first-split", description = "The first part has the metadata alone.")
  private boolean emptyFirst;

  @Option(names = "--dry-run", description = "Only show the parts.")
  private boolean dryRun;

  @Override
  public void run() {
    Splitting.Limit limit = limit();
    try (GgufFile file = GgufFile.open(in)) {
      List<List<TensorInfo>> parts = Splitting.plan(file.tensors(), limit);
      List<Path> files = PartsWriter.names(name, parts.size());
      PrintWriter out = spec.commandLine().getOut();
      for (int i = 0; i < parts.size(); i++) {
        long bytes = parts.get(i).stream().mapToLong(TensorInfo::bytes).sum();
        out.println(
            String.format(
                Locale.ROOT,
                "%s: %d tensors, %s",
                Text.printable(files.get(i).toString(), 1000),
                parts.get(i).size(),
                Text.bytes(bytes)));
      }
      out.flush();
      if (!dryRun) {
        try (var bar = new CopyBar(spec.commandLine().getErr(), "splitting")) {
          Splitting.write(file, parts, files, bar);
        }
      }
    }
  }

  private Splitting.Limit limit() {
    if (size != null && tensors != null) {
      throw wrong("--split-max-size and --split-max-tensors: give one of them");
    }
    if (size == null) {
      int most = tensors == null ? DEFAULT_TENSORS : tensors;
      if (most < 1) {
        throw wrong("--split-max-tensors takes N from 1 on");
      }
      return new Splitting.Limit(0, most, emptyFirst);
    }
    Matcher matcher = SIZE.matcher(size.toUpperCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw wrong("--split-max-size takes a size such as 500M or 40G");
    }
    long unit = matcher.group(2).equals("M") ? 1_000_000L : 1_000_000_000L;
    return new Splitting.Limit(Long.parseLong(matcher.group(1)) * unit, 0, emptyFirst);
  }

  private ParameterException wrong(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  /** A bar while data are copied. */
  static final class CopyBar implements Splitting.Progress, AutoCloseable {
    private final ProgressLine line;
    private final String what;
    private final long start = System.nanoTime();

    CopyBar(PrintWriter err, String what) {
      this.line = new ProgressLine(err, Terminals.stderr(), 0);
      this.what = what;
    }

    @Override
    public void copied(long done, long total) {
      line.show(
          () ->
              "%s %s  %s of %s  %s"
                  .formatted(
                      what,
                      ProgressLine.bar((double) done / total),
                      Text.bytes(done),
                      Text.bytes(total),
                      ProgressLine.left(start, done, total)));
    }

    @Override
    public void close() {
      line.close();
    }
  }
}
