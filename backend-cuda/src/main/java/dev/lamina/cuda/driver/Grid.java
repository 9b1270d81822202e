package dev.lamina.cuda.driver;

/**
 * The size of a launch.
 *
 * @param x blocks along x
 * @param y blocks along y, at most 65535
 * @param z blocks along z, at most 65535
 * @param threadsX threads of a block along x
 * @param threadsY threads of a block along y
 */
public record Grid(int x, int y, int z, int threadsX, int threadsY) {}
