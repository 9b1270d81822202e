/**
 * The driver interface on AMD's HIP runtime, called directly, and its run-time compiler in a
 * process of its own.
 */
package dev.lamina.cuda.hip;
