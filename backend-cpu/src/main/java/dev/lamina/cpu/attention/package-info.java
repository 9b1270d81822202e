/**
 * Attention as machine code: scores of queries with a page's keys, the running softmax, and the sum
 * of weighted values, for every type of pages, assembled for the instruction set that is found. All
 * arithmetic is in float32, or as exact: on the tiles of AMX, where many queries are multiplied,
 * with numbers split to bfloat16 ones that they are the sums of. Knows the layout of {@link
 * dev.lamina.cpu.kernel.KvMemory}'s pages, and nothing of steps or sequences.
 */
package dev.lamina.cpu.attention;
