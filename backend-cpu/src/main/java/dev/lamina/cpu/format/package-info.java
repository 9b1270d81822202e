/**
 * Weight formats: one class a type, behind {@link dev.lamina.cpu.format.WeightFormat}.
 *
 * <p>To add a type: extend {@code WeightFormat} with an exact, vectorised {@code decode}; name the
 * class in {@link dev.lamina.cpu.format.Formats}. Prompt processing then works at full speed (tiles
 * of rows are decoded and multiplied as float32), and generation works at the speed of decoding.
 * Where that is not enough, override {@code matVec} with a product straight from the blocks, and
 * {@code preparation} where it needs sums or another order of the input. {@code FormatTest} runs
 * every type against the scalar decoder at every vector width.
 */
package dev.lamina.cpu.format;
