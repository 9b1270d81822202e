/**
 * Attention as machine code: scores of queries with a page's keys, the running softmax, and the sum
 * of weighted values, for every type of pages, assembled for the instruction set that is found. All
 * arithmetic is in float32. Knows the layout of {@link dev.lamina.cpu.kernel.KvMemory}'s pages, and
 * nothing of steps or sequences.
 */
package dev.lamina.cpu.attention;
