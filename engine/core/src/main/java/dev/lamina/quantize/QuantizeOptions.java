package dev.lamina.quantize;

import dev.lamina.gguf.GgmlType;
import java.util.List;
import java.util.Optional;

/**
 * How a model is to be quantized.
 *
 * @param recipe the type of the file
 * @param output the type of the output matrix, where it is not the recipe that decides
 * @param embedding the type of the token embeddings, likewise
 * @param rules types of single tensors; the first that fits decides
 * @param pure whether all matrices get the recipe's base type, instead of a mix
 * @param keepSplit whether the parts of a split model stay parts
 * @param requantize whether tensors that are quantized already may be quantized again, which loses
 *     more than quantizing the original
 */
public record QuantizeOptions(
    Recipe recipe,
    Optional<GgmlType> output,
    Optional<GgmlType> embedding,
    List<TypeRule> rules,
    boolean pure,
    boolean keepSplit,
    boolean requantize) {

  public QuantizeOptions {
    rules = List.copyOf(rules);
  }

  /** A recipe as it is. */
  public static QuantizeOptions of(Recipe recipe) {
    return new QuantizeOptions(
        recipe, Optional.empty(), Optional.empty(), List.of(), false, false, false);
  }

  public QuantizeOptions withRequantize(boolean value) {
    return new QuantizeOptions(recipe, output, embedding, rules, pure, keepSplit, value);
  }

  public QuantizeOptions withPure(boolean value) {
    return new QuantizeOptions(recipe, output, embedding, rules, value, keepSplit, requantize);
  }

  public QuantizeOptions withKeepSplit(boolean value) {
    return new QuantizeOptions(recipe, output, embedding, rules, pure, value, requantize);
  }

  /** The type asked for the output matrix, by the option or by the recipe. */
  Optional<GgmlType> outputType() {
    return output.or(recipe::ends);
  }

  /** The type asked for the token embeddings, likewise. */
  Optional<GgmlType> embeddingType() {
    return embedding.or(recipe::ends);
  }
}
