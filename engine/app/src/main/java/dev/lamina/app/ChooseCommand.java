package dev.lamina.app;

import dev.lamina.LaminaException;
import dev.lamina.choose.Advice;
import dev.lamina.choose.Advisor;
import dev.lamina.choose.FileList;
import dev.lamina.choose.Machine;
import dev.lamina.choose.ModelFile;
import dev.lamina.choose.Sizes;
import dev.lamina.gguf.GgmlType;
import dev.lamina.model.ModelOptions;
import dev.lamina.session.LoadOptions;
import dev.lamina.session.MemoryNeed;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SortedSet;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lamina choose}: which file of a model to take on a machine. */
@Command(
    name = "choose",
    description = {
      "Tell which file of a model to take on this machine, as model cards advise: for speed the one"
          + " that is 1-2 GB smaller than the memory of the GPU, for quality the one that is 1-2 GB"
          + " smaller than that and the RAM together.%n"
    })
final class ChooseCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "REPO|FOLDER|LIST",
      description =
          "A repository of Hugging Face (OWNER/REPO), a folder of GGUF files, or a text or JSON"
              + " file with names and sizes, such as the table of a model card.")
  private String what;

  @Option(
      names = {"-c", "--context", "--ctx-size"},
      paramLabel = "N",
      description =
          "Tokens of context wanted: their KV cache and the work space count, or 1.5 GB where that"
              + " is more. [1.5 GB]")
  private int context;

  @Option(
      names = {"-ctk", "--cache-type-k"},
      paramLabel = "TYPE",
      description = "Type of the keys in the cache. [f16]")
  private GgmlType typeK = GgmlType.F16;

  @Option(
      names = {"-ctv", "--cache-type-v"},
      paramLabel = "TYPE",
      description = "Type of the values in the cache. [f16]")
  private GgmlType typeV = GgmlType.F16;

  @Option(
      names = "--shape",
      paramLabel = "SHAPE",
      description =
          "With a LIST and --context: the model's shape, such as llama-70b ('bench --synthetic'"
              + " knows them).")
  private String shape;

  @Option(
      names = "--include",
      paramLabel = "GLOB",
      description = "Only files whose names match, where there are several models.")
  private String include;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Mixin private MachineFlags machineFlags;

  @Override
  public void run() {
    if (context < 0) {
      throw new ParameterException(
          spec.commandLine(), "--context takes a number of tokens from 1 on");
    }
    ChooseSource source = ChooseSource.of(what, include, spec.commandLine().getErr());
    FileList files = FileList.of(source.entries());
    if (files.models().isEmpty()) {
      throw new LaminaException(what + ": there is no model among its files");
    }
    SortedSet<String> names = files.modelNames();
    if (names.size() > 1) {
      throw new LaminaException(
          what
              + ": holds files of several models ("
              + String.join(", ", names)
              + "): choose one with --include 'GLOB'");
    }
    OptionalLong needed = context == 0 ? OptionalLong.of(0) : needed(source, files);
    MachineFlags.Found found = machineFlags.find();
    Advice advice = Advisor.advise(files.models(), found.machine(), needed.orElse(0));
    List<String> notes = new ArrayList<>(found.notes());
    if (needed.isEmpty()) {
      notes.add(
          "the shape of the model is not known, so the KV cache of "
              + context
              + " tokens is not counted; --shape gives it");
    }
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Json.print(out, describe(found.machine(), files, advice, notes));
    } else {
      print(out, found.machine(), files, advice, notes);
    }
  }

  private OptionalLong needed(ChooseSource source, FileList files) {
    LoadOptions options =
        LoadOptions.DEFAULT
            .withContext(context)
            .withModel(new ModelOptions(typeK, typeV, ModelOptions.DEFAULT.rope()));
    return source
        .model(files.models(), shape)
        .map(
            head ->
                OptionalLong.of(MemoryNeed.of(head.metadata(), head.tensors(), options).bytes()))
        .orElse(OptionalLong.empty());
  }

  private static void print(
      PrintWriter out, Machine machine, FileList files, Advice advice, List<String> notes) {
    List<List<String>> facts = new ArrayList<>();
    facts.add(List.of("RAM", both(machine.ram())));
    for (Machine.Gpu gpu : machine.gpus()) {
      String name = gpu.id().isEmpty() ? gpu.backend() : gpu.id() + " (" + gpu.backend() + ")";
      facts.add(List.of(name, both(gpu.memory()) + (gpu.shared() ? ", part of the RAM" : "")));
    }
    facts.add(List.of("kept free", Sizes.gb(advice.reserve()) + " for KV cache and work space"));
    out.print(Text.table("ll", facts));
    out.println();
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("", "type", "size", "parts", "why"));
    for (Advice.Verdict verdict : advice.verdicts()) {
      ModelFile file = verdict.file();
      rows.add(
          List.of(
              mark(advice, file),
              file.quant() == null ? Text.printable(file.name(), 40) : file.type(),
              Sizes.gb(file.bytes()),
              Integer.toString(file.parts()),
              verdict.why()));
    }
    out.print(Text.table("llrrl", rows));
    out.println();
    answer(out, "Fastest", advice.fastest(), advice.fastestWhy());
    answer(out, "Best quality", advice.best(), advice.bestWhy());
    out.println();
    notes.forEach(note -> out.println("Note: " + note + "."));
    long others =
        files.leftOut().values().stream().filter(w -> !w.equals(FileList.NO_GGUF)).count();
    if (others > 0) {
      files
          .leftOut()
          .forEach(
              (name, why) -> {
                if (!why.equals(FileList.NO_GGUF)) {
                  out.println("Left out: " + Text.printable(name, 100) + " (" + why + ").");
                }
              });
    }
    out.println(
        "G on the command line is GiB (24G are 25.77 GB), as drivers show memory; sizes of files"
            + " are GB of 10^9 bytes, as model cards show them.");
  }

  private static String both(long bytes) {
    return Text.bytes(bytes) + " (" + Sizes.gb(bytes) + ")";
  }

  private static String mark(Advice advice, ModelFile file) {
    boolean fastest = file.equals(advice.fastest());
    boolean best = file.equals(advice.best());
    return fastest && best ? "fastest, best" : fastest ? "fastest" : best ? "best" : "";
  }

  private static void answer(PrintWriter out, String what, ModelFile file, String why) {
    out.println(
        what
            + ": "
            + (file == null ? "none" : Text.printable(file.name(), 200))
            + (file == null || file.parts() == 1 ? "" : " (" + file.parts() + " parts)")
            + ": "
            + why
            + ".");
  }

  private static Map<String, Object> describe(
      Machine machine, FileList files, Advice advice, List<String> notes) {
    List<Object> gpus = new ArrayList<>();
    for (Machine.Gpu gpu : machine.gpus()) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("id", gpu.id());
      entry.put("backend", gpu.backend());
      entry.put("bytes", gpu.memory());
      entry.put("shared", gpu.shared());
      gpus.add(entry);
    }
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("ram_bytes", machine.ram());
    all.put("vram_bytes", machine.vram());
    all.put("gpus", gpus);
    all.put("reserve_bytes", advice.reserve());
    all.put("fastest", describe(advice.fastest(), advice.fastestWhy()));
    all.put("best_quality", describe(advice.best(), advice.bestWhy()));
    List<Object> rows = new ArrayList<>();
    for (Advice.Verdict verdict : advice.verdicts()) {
      Map<String, Object> row = describe(verdict.file(), verdict.why());
      row.put("verdict", verdict.fit().name().toLowerCase(Locale.ROOT));
      rows.add(row);
    }
    all.put("files", rows);
    all.put("left_out", files.leftOut());
    all.put("notes", notes);
    return all;
  }

  private static Map<String, Object> describe(ModelFile file, String why) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("file", file == null ? null : file.name());
    all.put("type", file == null || file.quant() == null ? null : file.type());
    all.put("bytes", file == null ? null : file.bytes());
    all.put("parts", file == null ? null : file.parts());
    all.put("why", why);
    return all;
  }
}
