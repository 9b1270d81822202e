package dev.lamina.model;

import dev.lamina.gguf.Metadata;
import dev.lamina.gguf.TensorInfo;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The architectures that Lamina runs: the one list of them. */
public final class Architectures {
  private static final Map<String, Architecture> KNOWN = new TreeMap<>();

  static {
    Stream.of(new Architecture[] {new Llama()}, Qwen.values(), Gemma.values())
        .flatMap(Stream::of)
        .forEach(architecture -> KNOWN.put(architecture.gguf(), architecture));
  }

  private Architectures() {}

  /** The values of {@code general.architecture} that Lamina runs, in alphabetical order. */
  public static List<String> names() {
    return List.copyOf(KNOWN.keySet());
  }

  /**
   * The graph of a model.
   *
   * @param metadata the file's key-value pairs
   * @param tensors its tensor table
   * @param options what the user changes
   * @throws ModelException where the architecture is unknown, a hyper-parameter makes no sense, or
   *     a tensor is missing or has another shape
   */
  public static DecoderGraph graph(Metadata metadata, TensorCatalog tensors, ModelOptions options) {
    String name = metadata.string("general.architecture");
    Architecture architecture = KNOWN.get(name);
    if (architecture == null) {
      throw new ModelException(
          metadata.source()
              + ": the architecture '"
              + printable(name)
              + "' is not among those that Lamina runs: "
              + String.join(", ", names()));
    }
    ConfigBuilder config =
        new ConfigBuilder(
            new ConfigReader(metadata, name), name, vocabulary(metadata, tensors), options.rope());
    architecture.configure(config);
    return new DecoderGraph(
        architecture, config.build(), options, new TensorTable(metadata.source(), tensors));
  }

  /** The size of the vocabulary is that of the embeddings: a header may say anything. */
  private static int vocabulary(Metadata metadata, TensorCatalog tensors) {
    TensorInfo embeddings =
        tensors
            .find("token_embd.weight")
            .orElseThrow(
                () ->
                    new ModelException(
                        metadata.source()
                            + ": tensor token_embd.weight is missing; the file holds no language"
                            + " model, or only a vocabulary"));
    long rows = embeddings.dim(1);
    if (rows < 1 || rows > 1 << 26) {
      throw new ModelException(
          metadata.source()
              + ": tensor token_embd.weight has "
              + rows
              + " rows, which is no size of a vocabulary; download or convert the file again");
    }
    return (int) rows;
  }

  private static String printable(String name) {
    String clean = name.replaceAll("[^\\x20-\\x7e]", "?");
    return clean.length() <= 40 ? clean : clean.substring(0, 40) + "...";
  }
}
