/**
 * The kernels of common small models in plain scalar Java, for the time before the SIMD kernels are
 * compiled. Code on the Vector API is slow by a factor of hundreds until the JIT compiler's last
 * tier has seen it, seconds of work; loops over arrays are compiled within milliseconds. So these
 * copy what they need into arrays, in bulk, and compute there. They read and write the same places
 * and pages as the SIMD kernels, so that any step may be computed by either.
 */
package dev.lamina.cpu.plain;
