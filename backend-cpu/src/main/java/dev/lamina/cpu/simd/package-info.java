/**
 * The door to {@code jdk.incubator.vector}: species and shared loads ({@link
 * dev.lamina.cpu.simd.Simd}), float32 products and elementary functions. Knows no weight types and
 * no ops.
 */
package dev.lamina.cpu.simd;
