package dev.lamina.app;

import dev.lamina.LaminaException;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.GgufFile;
import dev.lamina.model.synthetic.SyntheticModel;
import dev.lamina.quantize.ImportanceFile;
import dev.lamina.quantize.QuantizeJob;
import dev.lamina.quantize.QuantizeOptions;
import dev.lamina.quantize.QuantizePlan;
import dev.lamina.quantize.Recipe;
import dev.lamina.quantize.TypeRule;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lamina quantize}: makes a smaller file of a model, with llama-quantize's flags. */
@Command(
    name = "quantize",
    customSynopsis = {
      "lamina quantize [OPTIONS] IN OUT TYPE [THREADS]",
      "lamina quantize --dry-run [OPTIONS] IN TYPE",
      "lamina quantize --dry-run --shape SHAPE TYPE"
    },
    description = {
      "Make a smaller file of a model: the same tensors in types of fewer bits, mixed as"
          + " llama-quantize mixes them.",
      "TYPE is one of llama-quantize's, such as Q4_K_M, IQ3_XS or Q8_0, or Q2_K_L, Q3_K_XL, Q4_K_L,"
          + " Q5_K_L or Q6_K_L: those have embeddings and output in Q8_0.%n"
    })
final class QuantizeCommand implements Runnable {

  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "IN OUT TYPE [THREADS]",
      arity = "1..4",
      description = "What to read (any part of a split model), what to write, the file type.")
  private List<String> words = new ArrayList<>();

  @Option(
      names = "--imatrix",
      paramLabel = "FILE",
      description = "Importance matrix, see 'lamina imatrix'; types below 3 bits need one.")
  private Path imatrix;

  @Option(names = "--pure", description = "All matrices in the one type, without a mix.")
  private boolean pure;

  @Option(
      names = "--output-tensor-type",
      paramLabel = "TYPE",
      description = "Type of the output matrix, such as q8_0.")
  private GgmlType outputType;

  @Option(
      names = "--token-embedding-type",
      paramLabel = "TYPE",
      description = "Type of the token embeddings.")
  private GgmlType embeddingType;

  @Option(
      names = "--tensor-type",
      paramLabel = "REGEX=TYPE",
      description = "Type of the tensors in whose names the pattern is found; may be repeated.")
  private List<String> tensorTypes = List.of();

  @Option(
      names = "--keep-split",
      description = "Write a split model in the same parts, OUT-00001-of-0000N.gguf.")
  private boolean keepSplit;

  @Option(
      names = "--allow-requantize",
      description = "Also quantize what is quantized already, which loses more.")
  private boolean requantize;

  @Option(
      names = "--dry-run",
      description = "Only show how large the result is, and which tensor gets which type.")
  private boolean dryRun;

  @Option(
      names = "--shape",
      paramLabel = "SHAPE",
      description =
          "With --dry-run: a well-known model instead of a file, such as llama-70b; with an"
              + " importance matrix, unless --no-imatrix.")
  private String shape;

  @Option(names = "--no-imatrix", description = "With --shape: without an importance matrix.")
  private boolean noImatrix;

  @Option(
      names = {"-v", "--verbose"},
      description = "Show every tensor.")
  private boolean verbose;

  @Option(
      names = {"-q", "--quiet"},
      description = "Print nothing but failures.")
  private boolean quiet;

  @Override
  public void run() {
    if (shape != null) {
      dryRunOfShape();
      return;
    }
    Words read = read();
    QuantizeOptions options = options(read.recipe);
    try (GgufFile in = GgufFile.open(read.in)) {
      Optional<QuantizeJob.Importance> importance =
          Optional.ofNullable(imatrix)
              .map(file -> new QuantizeJob.Importance(ImportanceFile.read(file), file));
      QuantizePlan plan =
          QuantizePlan.of(in.metadata(), in.tensors(), options, importance.isPresent());
      long metadata = in.bytes() - in.tensors().stream().mapToLong(t -> t.bytes()).sum();
      if (dryRun) {
        print(plan, read.in.toString(), metadata);
        plan.needsImportance()
            .filter(item -> importance.isEmpty())
            .ifPresent(
                item ->
                    say(read.recipe.name() + " needs an importance matrix (--imatrix) to be made"));
        return;
      }
      QuantizeJob job = new QuantizeJob(in, plan, importance, read.threads);
      if (!quiet) {
        print(plan, read.in.toString(), metadata);
      }
      quantize(job, plan, read.out);
    }
  }

  /** What the words of the command line are. */
  private record Words(Path in, Path out, Recipe recipe, int threads) {}

  private Words read() {
    int n = words.size();
    int threads = Runtime.getRuntime().availableProcessors();
    if (n > 2 && words.getLast().matches("\\d{1,4}") && Recipe.find(words.get(n - 2)).isPresent()) {
      threads = Math.max(1, Integer.parseInt(words.getLast()));
      n--;
    }
    if (n == 4 && Recipe.find(words.get(2)).isPresent()) {
      throw wrong("'" + words.getLast() + "' is no number of threads");
    }
    if (dryRun ? n != 2 && n != 3 : n != 3) {
      throw wrong(dryRun ? "--dry-run takes IN TYPE" : "three words are needed: IN OUT TYPE");
    }
    return new Words(
        Input.path(words.getFirst()),
        n == 3 ? Input.path(words.get(1)) : null,
        recipe(words.get(n - 1)),
        threads);
  }

  private Recipe recipe(String name) {
    try {
      return Recipe.byName(name);
    } catch (LaminaException e) {
      throw wrong(e.getMessage());
    }
  }

  private QuantizeOptions options(Recipe recipe) {
    try {
      return new QuantizeOptions(
          recipe,
          Optional.ofNullable(outputType),
          Optional.ofNullable(embeddingType),
          tensorTypes.stream().map(TypeRule::parse).toList(),
          pure,
          keepSplit,
          requantize);
    } catch (LaminaException e) {
      throw wrong(e.getMessage());
    }
  }

  private ParameterException wrong(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  private void dryRunOfShape() {
    if (!dryRun || words.size() != 1) {
      throw wrong("--shape goes with --dry-run and one word, the TYPE");
    }
    SyntheticModel model = SyntheticModel.of(shape, "F16");
    QuantizePlan plan =
        QuantizePlan.of(
            model.metadata(), model.tensors(), options(recipe(words.getFirst())), !noImatrix);
    print(plan, shape, 0);
  }

  private void print(QuantizePlan plan, String name, long metadata) {
    PrintWriter out = spec.commandLine().getOut();
    long bytes = plan.bytes() + metadata;
    out.println(
        String.format(
            Locale.ROOT,
            "%s as %s: %.2f GB (%s), %.2f bits per weight",
            Text.printable(name, 1000),
            plan.options().recipe().name(),
            bytes / 1e9,
            Text.bytes(bytes),
            plan.bitsPerWeight()));
    out.print(Text.table("lrrr", verbose ? tensors(plan) : types(plan)));
    long fallbacks = plan.items().stream().filter(QuantizePlan.Item::fallback).count();
    if (fallbacks > 0) {
      out.println(
          fallbacks
              + " tensors get another type than the mix has, since their rows do not divide into"
              + " its blocks");
    }
    out.flush();
  }

  private static List<List<String>> types(QuantizePlan plan) {
    Map<GgmlType, long[]> sums = new EnumMap<>(GgmlType.class);
    for (QuantizePlan.Item item : plan.items()) {
      long[] sum = sums.computeIfAbsent(item.type(), type -> new long[3]);
      sum[0]++;
      sum[1] += item.from().elements();
      sum[2] += item.bytes();
    }
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("type", "tensors", "parameters", "size"));
    sums.entrySet().stream()
        .sorted((a, b) -> Long.compare(b.getValue()[2], a.getValue()[2]))
        .forEach(
            e ->
                rows.add(
                    List.of(
                        e.getKey().name(),
                        Long.toString(e.getValue()[0]),
                        Text.count(e.getValue()[1]),
                        Text.bytes(e.getValue()[2]))));
    return rows;
  }

  private static List<List<String>> tensors(QuantizePlan plan) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("tensor", "from", "to", "size"));
    Map<String, QuantizePlan.Item> items = new LinkedHashMap<>();
    plan.items().forEach(item -> items.put(item.from().name(), item));
    items.forEach(
        (name, item) ->
            rows.add(
                List.of(
                    Text.printable(name, 80),
                    item.from().type().name(),
                    item.type().name() + (item.fallback() ? " (for " + item.wanted() + ")" : ""),
                    Text.bytes(item.bytes()))));
    return rows;
  }

  private void quantize(QuantizeJob job, QuantizePlan plan, Path out) {
    long start = System.nanoTime();
    try (var line = new ProgressLine(spec.commandLine().getErr(), shows(), 0)) {
      job.run(
          out,
          (item, done, total) ->
              line.show(
                  () ->
                      "quantizing %s  %s  %s"
                          .formatted(
                              ProgressLine.bar((double) done / total),
                              ProgressLine.left(start, done, total),
                              Text.printable(item.from().name(), 40))));
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    List<Path> files = job.files(out);
    say(
        String.format(
            Locale.ROOT,
            "wrote %s%s in %s (%.1f M values/s)",
            files.getFirst(),
            files.size() == 1 ? "" : " to " + files.getLast().getFileName(),
            Loaded.seconds(seconds),
            plan.parameters() / seconds / 1e6));
  }

  private boolean shows() {
    return Terminals.stderr() && !quiet;
  }

  private void say(String sentence) {
    Notes.tell(spec.commandLine().getErr(), quiet, sentence);
  }
}
