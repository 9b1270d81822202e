/**
 * The kernels of the ops: each knows its addresses beforehand, cuts a step into units that any
 * worker may take, and computes one unit at a time.
 */
package dev.lamina.cpu.kernel;
