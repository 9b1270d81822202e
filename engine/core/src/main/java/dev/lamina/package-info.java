/**
 * What every package shares: {@link dev.lamina.LaminaException}, the one root of all failures told
 * in a sentence, and {@link dev.lamina.Folders}, where files go, and {@link dev.lamina.GpuNodes},
 * whether drivers are worth starting.
 */
package dev.lamina;
