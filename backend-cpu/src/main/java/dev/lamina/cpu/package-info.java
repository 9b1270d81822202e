/** The SIMD CPU device: the only code that knows {@code jdk.incubator.vector}. */
package dev.lamina.cpu;
