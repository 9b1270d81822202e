/**
 * Which file of a model to take: the advice of the model cards as a program. Works on names, sizes
 * and numbers only; whoever calls it lists the files and measures the machine.
 */
package dev.lamina.choose;
