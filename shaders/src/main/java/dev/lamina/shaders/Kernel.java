package dev.lamina.shaders;

/**
 * A kernel.
 *
 * @param program the text that it is in
 * @param entry its name there
 * @param itemsX work-items of a group along the first dimension (threads of a block)
 * @param itemsY along the second
 */
public record Kernel(ProgramKey program, String entry, int itemsX, int itemsY) {}
