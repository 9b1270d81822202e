/**
 * Machine code for what is done with each value alike. Where it is not there, the kernels of the
 * Vector API do the same.
 */
package dev.lamina.cpu.pointwise;
