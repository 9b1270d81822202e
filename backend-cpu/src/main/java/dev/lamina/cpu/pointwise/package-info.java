/**
 * Machine code for the ops between the products: gates, sums, norms and rotary embeddings. Where it
 * is not there, the kernels of the Vector API do the same.
 */
package dev.lamina.cpu.pointwise;
