package dev.lamina.quantize;

import dev.lamina.LaminaException;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.Metadata;
import dev.lamina.gguf.TensorInfo;
import dev.lamina.model.FileType;
import dev.lamina.model.QuantMix;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * Which type each tensor of a model gets, as {@code llama-quantize} decides, and how large the
 * result is.
 *
 * @param options what was asked for
 * @param items the tensors, in the order of the file
 */
public record QuantizePlan(QuantizeOptions options, List<Item> items) {
  /** What the offsets of tensors are a multiple of. */
  private static final int ALIGNMENT = 32;

  /**
   * One tensor.
   *
   * @param from the tensor as it is
   * @param type the type that it gets
   * @param wanted the type that it would get if its rows were a whole number of blocks
   * @param needsImportance whether it is not to be made without an importance matrix
   */
  public record Item(TensorInfo from, GgmlType type, GgmlType wanted, boolean needsImportance) {
    /** Bytes of the tensor as it will be. */
    public long bytes() {
      return from.elements() == 0
          ? 0
          : Math.multiplyExact(type.rowBytes(from.shape()[0]), from.elements() / from.shape()[0]);
    }

    /** Whether the tensor is copied as it is. */
    public boolean copied() {
      return type == from.type();
    }

    /** Whether another type took the place of the wanted one. */
    public boolean fallback() {
      return type != wanted;
    }
  }

  public QuantizePlan {
    items = List.copyOf(items);
  }

  /**
   * Plans.
   *
   * @param metadata the model's; layers and heads are read from it
   * @param importance whether there is an importance matrix
   * @throws LaminaException where the file is no model
   */
  public static QuantizePlan of(
      Metadata metadata,
      Collection<TensorInfo> tensors,
      QuantizeOptions options,
      boolean importance) {
    String architecture = metadata.string("general.architecture", "");
    if (architecture.isEmpty() || !metadata.has(architecture + ".block_count")) {
      throw new LaminaException(
          metadata.source()
              + ": the file holds no language model: its metadata lack the "
              + (architecture.isEmpty() ? "architecture" : "number of layers"));
    }
    boolean tied = tensors.stream().noneMatch(t -> t.name().equals("output.weight"));
    int heads = first(metadata, architecture + ".attention.head_count", 1);
    QuantMix mix =
        new QuantMix(
            options.recipe().file(),
            importance,
            metadata.integer(architecture + ".block_count"),
            heads,
            first(metadata, architecture + ".attention.head_count_kv", heads),
            metadata.integer(architecture + ".expert_count", 0),
            tied);
    return new QuantizePlan(
        options, tensors.stream().map(tensor -> item(tensor, options, mix)).toList());
  }

  /** A number that some models store once for each layer. */
  private static int first(Metadata metadata, String key, int otherwise) {
    if (metadata.isArray(key)) {
      int[] values = metadata.integers(key);
      return values.length == 0 ? otherwise : values[0];
    }
    return metadata.integer(key, otherwise);
  }

  private static Item item(TensorInfo tensor, QuantizeOptions options, QuantMix mix) {
    String name = tensor.name();
    if (!tensor.type().isWeightType() || !QuantMix.quantizes(name, tensor.shape())) {
      return new Item(tensor, tensor.type(), tensor.type(), false);
    }
    GgmlType wanted = wanted(name, options, mix, tensor.shape());
    GgmlType type = QuantMix.fitting(wanted, tensor.shape()[0]);
    boolean ends = isEmbedding(name) || isOutput(name);
    boolean needs =
        ends
            ? Quantizer.isImpossibleWithoutImportance(type)
            : Quantizer.needsImportance(type)
                || (type == GgmlType.Q2_K && options.recipe().file() == FileType.Q2_K_S);
    return new Item(tensor, type, wanted, needs && type != tensor.type());
  }

  private static GgmlType wanted(String name, QuantizeOptions options, QuantMix mix, long[] shape) {
    Optional<GgmlType> told = Optional.empty();
    if (isEmbedding(name)) {
      told = options.embeddingType();
    }
    if (isOutput(name) || (mix.tied() && isEmbedding(name))) {
      told = told.or(options::outputType);
    }
    return told.or(() -> ruled(name, options))
        .orElseGet(() -> options.pure() ? options.recipe().file().base() : mix.wanted(name, shape));
  }

  private static Optional<GgmlType> ruled(String name, QuantizeOptions options) {
    return options.rules().stream()
        .filter(rule -> rule.pattern().matcher(name).find())
        .map(TypeRule::type)
        .findFirst();
  }

  private static boolean isEmbedding(String name) {
    return name.equals("token_embd.weight") || name.equals("per_layer_token_embd.weight");
  }

  private static boolean isOutput(String name) {
    return name.equals("output.weight");
  }

  /** Values in all tensors. */
  public long parameters() {
    return items.stream().mapToLong(item -> item.from().elements()).sum();
  }

  /** Bytes of all tensors as they will be, in a file: each begins at a multiple of 32. */
  public long bytes() {
    return items.stream()
        .mapToLong(item -> (item.bytes() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT)
        .sum();
  }

  /** Bits that a value takes on average. */
  public double bitsPerWeight() {
    return parameters() == 0 ? 0 : 8.0 * bytes() / parameters();
  }

  /** The first tensor that is not to be made without an importance matrix. */
  public Optional<Item> needsImportance() {
    return items.stream().filter(Item::needsImportance).findFirst();
  }
}
