/**
 * Making quantized models: the search for the blocks that stand for a row of values with the least
 * error, for each type of {@link dev.lamina.gguf.GgmlType}; importance matrices and their files;
 * and the job that turns a file into a smaller one.
 */
package dev.lamina.quantize;
