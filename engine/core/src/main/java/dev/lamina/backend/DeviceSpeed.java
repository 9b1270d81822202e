package dev.lamina.backend;

/**
 * What a device's hardware can do at most, measured on it: the yardsticks that benchmarks hold
 * their figures against.
 *
 * @param readBytesPerSecond bytes read from its memory by all of its cores together; of a card the
 *     bytes that a copy within its memory reads and writes
 * @param floatOpsPerSecond float32 operations, a fused multiply-add counted as two
 */
public record DeviceSpeed(double readBytesPerSecond, double floatOpsPerSecond) {}
