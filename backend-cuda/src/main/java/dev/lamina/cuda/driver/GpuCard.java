package dev.lamina.cuda.driver;

/**
 * What a driver knows of a card.
 *
 * @param ordinal its number in the driver's order
 * @param name the hardware's name
 * @param architecture what code is made for: {@code sm_86}, {@code gfx1030}
 * @param capability the compute capability, ten times the major number plus the minor one; 0 for
 *     AMD cards
 * @param waveSize threads that run in lock-step: a warp's 32, a wave's 32 or 64
 * @param processors multiprocessors
 * @param sharedBytes shared memory that a block can have without asking for more
 * @param memoryBytes bytes of its memory
 * @param integrated whether its memory is the host's
 * @param bus the PCI address, such as {@code 0000:01:00.0}, in lower case; empty where unknown
 */
public record GpuCard(
    int ordinal,
    String name,
    String architecture,
    int capability,
    int waveSize,
    int processors,
    int sharedBytes,
    long memoryBytes,
    boolean integrated,
    String bus) {}
