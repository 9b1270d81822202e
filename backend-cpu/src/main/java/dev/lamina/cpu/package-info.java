/**
 * The SIMD CPU device: the only code that knows {@code jdk.incubator.vector}.
 *
 * <p>A graph becomes kernels ({@code kernel}) over memory planned beforehand, sorted into regions
 * that a {@code ThreadTeam} runs one after the other. What a weight type looks like is known only
 * to its class in {@code format}; {@code simd} holds species, loads and float32 products.
 *
 * <p>To add a weight type: one class in {@code format} that extends {@code WeightFormat} with an
 * exact, vectorised {@code decode}, named in {@code Formats}. Prompts then run at full speed.
 * Override {@code matVec} (and {@code preparation}) for fast generation. See the package {@code
 * format}; {@code FormatTest} and {@code CpuContractTest} cover every type in the table.
 */
package dev.lamina.cpu;
