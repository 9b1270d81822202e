package dev.lamina.app;

import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.GgufFile;
import dev.lamina.gguf.Metadata;
import dev.lamina.gguf.TensorInfo;
import dev.lamina.model.Architectures;
import java.io.PrintWriter;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lamina inspect}: what a file holds, without loading it. */
@Command(name = "inspect", description = "Show what a GGUF file holds: metadata, tensors, sizes.")
final class InspectCommand implements Runnable {

  private static final int SHOWN_ELEMENTS = 6;
  private static final int SHOWN_CHARACTERS = 80;

  /** A sum over the tensors of one type. */
  private record Share(int tensors, long elements, long bytes) {
    Share plus(TensorInfo t) {
      return new Share(tensors + 1, elements + t.elements(), bytes + t.bytes());
    }
  }

  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "FILE",
      arity = "0..1",
      description = "A GGUF file, or any part of a split one; without it, the built-in model.")
  private Path path;

  @Mixin private FileFlags file;

  @Option(names = "--json", description = "Print JSON, with arrays in full.")
  private boolean json;

  @Option(
      names = "--template",
      description = "Print the chat template alone, as it stands in the file.")
  private boolean template;

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    if (path != null && !file.isDemo()) {
      throw new ParameterException(
          spec.commandLine(), "two files are named: give one, by itself or by -m or -hf");
    }
    if (template && json) {
      throw new ParameterException(
          spec.commandLine(), "--template prints text alone: leave out --json, which has it too");
    }
    try (GgufFile gguf = GgufFile.open(path == null ? file.file(spec) : path)) {
      if (template) {
        out.println(gguf.metadata().string(TEMPLATE));
      } else if (json) {
        Json.print(out, describe(gguf));
      } else {
        print(out, gguf);
      }
    }
  }

  private static final String TEMPLATE = "tokenizer.chat_template";

  private static Map<GgmlType, Share> shares(GgufFile file) {
    Map<GgmlType, Share> shares = new EnumMap<>(GgmlType.class);
    for (TensorInfo t : file.tensors()) {
      shares.merge(t.type(), new Share(0, 0, 0).plus(t), (old, fresh) -> old.plus(t));
    }
    return shares;
  }

  private static double bitsPerWeight(long bytes, long elements) {
    return elements == 0 ? 0 : bytes * 8.0 / elements;
  }

  private static Map<String, Object> describe(GgufFile file) {
    Metadata metadata = file.metadata();
    Map<GgmlType, Share> shares = shares(file);
    long elements = shares.values().stream().mapToLong(Share::elements).sum();
    long bytes = shares.values().stream().mapToLong(Share::bytes).sum();
    String architecture = metadata.string("general.architecture", null);
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("files", file.parts().stream().map(Path::toString).toList());
    all.put("bytes", file.bytes());
    all.put("version", file.version());
    all.put("alignment", file.alignment());
    all.put("architecture", architecture);
    all.put("supported", architecture != null && Architectures.names().contains(architecture));
    all.put("name", metadata.string("general.name", null));
    all.put("parameters", elements);
    all.put("bits_per_weight", bitsPerWeight(bytes, elements));
    all.put("chat_template", metadata.string(TEMPLATE, null));
    Map<String, Object> types = new LinkedHashMap<>();
    shares.forEach(
        (type, share) -> {
          Map<String, Object> entry = new LinkedHashMap<>();
          entry.put("tensors", share.tensors);
          entry.put("parameters", share.elements);
          entry.put("bytes", share.bytes);
          types.put(type.name(), entry);
        });
    all.put("types", types);
    Map<String, Object> pairs = new LinkedHashMap<>();
    metadata.keys().forEach(key -> pairs.put(key, metadata.raw(key).orElse(null)));
    all.put("metadata", pairs);
    List<Object> tensors = new ArrayList<>();
    for (TensorInfo t : file.tensors()) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("name", t.name());
      entry.put("type", t.type().name());
      entry.put("shape", Arrays.stream(t.shape()).boxed().toList());
      entry.put("bytes", t.bytes());
      entry.put("part", t.part());
      entry.put("offset", t.offset());
      tensors.add(entry);
    }
    all.put("tensors", tensors);
    return all;
  }

  private static void print(PrintWriter out, GgufFile file) {
    Metadata metadata = file.metadata();
    Map<GgmlType, Share> shares = shares(file);
    long elements = shares.values().stream().mapToLong(Share::elements).sum();
    long bytes = shares.values().stream().mapToLong(Share::bytes).sum();
    List<List<String>> facts = new ArrayList<>();
    for (int i = 0; i < file.parts().size(); i++) {
      String name = i == 0 ? "File" : "";
      facts.add(List.of(name, Text.printable(file.parts().get(i).toString(), 1000)));
    }
    facts.add(
        List.of(
            "Size",
            Text.bytes(file.bytes())
                + (file.parts().size() == 1 ? "" : " in " + file.parts().size() + " parts")
                + ", GGUF version "
                + file.version()));
    String architecture = metadata.string("general.architecture", "");
    boolean known = Architectures.names().contains(architecture);
    facts.add(
        List.of(
            "Architecture",
            architecture.isEmpty()
                ? "not given"
                : Text.printable(architecture, SHOWN_CHARACTERS)
                    + (known ? "" : " (not one that Lamina runs)")));
    String name = metadata.string("general.name", "");
    if (!name.isEmpty()) {
      facts.add(List.of("Name", Text.printable(name, SHOWN_CHARACTERS)));
    }
    facts.add(List.of("Parameters", Text.count(elements) + " (" + elements + ")"));
    facts.add(
        List.of(
            "Bits per weight", String.format(Locale.ROOT, "%.2f", bitsPerWeight(bytes, elements))));
    String chat = metadata.string(TEMPLATE, "");
    facts.add(
        List.of(
            "Chat template",
            chat.isEmpty()
                ? "none in the file"
                : chat.length() + " characters (--template prints it)"));
    out.print(Text.table("ll", facts));

    out.println("\nSize by type");
    List<List<String>> types = new ArrayList<>();
    types.add(List.of("type", "tensors", "parameters", "size", "share"));
    shares.entrySet().stream()
        .sorted(Comparator.comparingLong(e -> -e.getValue().bytes))
        .forEach(
            e ->
                types.add(
                    List.of(
                        e.getKey().name(),
                        Integer.toString(e.getValue().tensors),
                        Text.count(e.getValue().elements),
                        Text.bytes(e.getValue().bytes),
                        String.format(
                            Locale.ROOT,
                            "%.1f %%",
                            bytes == 0 ? 0 : e.getValue().bytes * 100.0 / bytes))));
    out.print(Text.table("lrrrr", types));

    out.println("\nMetadata");
    List<List<String>> pairs = new ArrayList<>();
    for (String key : metadata.keys()) {
      Object value = metadata.raw(key).orElse("");
      pairs.add(List.of(Text.printable(key, SHOWN_CHARACTERS), type(value), shown(value)));
    }
    out.print(Text.table("lll", pairs));

    out.println("\nTensors");
    List<List<String>> tensors = new ArrayList<>();
    tensors.add(List.of("name", "type", "shape", "size", "part", "offset"));
    for (TensorInfo t : file.tensors()) {
      tensors.add(
          List.of(
              Text.printable(t.name(), SHOWN_CHARACTERS),
              t.type().name(),
              Arrays.stream(t.shape()).mapToObj(Long::toString).collect(Collectors.joining(" x ")),
              Text.bytes(t.bytes()),
              Integer.toString(t.part() + 1),
              Long.toString(t.offset())));
    }
    out.print(Text.table("lllrrr", tensors));
  }

  private static String type(Object value) {
    return switch (value) {
      case String s -> "string";
      case Boolean b -> "bool";
      case Float f -> "f32";
      case Double d -> "f64";
      case Long l -> "integer";
      case BigInteger b -> "integer";
      case List<?> list ->
          "array of " + list.size() + (list.isEmpty() ? "" : " " + type(list.getFirst()));
      default -> value.getClass().getSimpleName();
    };
  }

  private static String shown(Object value) {
    return switch (value) {
      case String s -> Text.printable(s, SHOWN_CHARACTERS);
      case List<?> list ->
          list.subList(0, Math.min(list.size(), SHOWN_ELEMENTS)).stream()
              .map(e -> e instanceof String s ? Text.printable(s, 20) : shown(e))
              .collect(
                  Collectors.joining(", ", "[", list.size() > SHOWN_ELEMENTS ? ", ...]" : "]"));
      default -> value.toString();
    };
  }
}
