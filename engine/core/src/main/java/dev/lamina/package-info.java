/**
 * What every package shares: {@link dev.lamina.LaminaException}, the one root of all failures told
 * in a sentence; {@link dev.lamina.FileProblem} and {@link dev.lamina.NewFile}, how files fail and
 * how they are written; {@link dev.lamina.Folders}, where files go; and {@link
 * dev.lamina.GpuNodes}, whether drivers are worth starting.
 */
package dev.lamina;
