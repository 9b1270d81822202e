/**
 * What every package shares: {@link dev.lamina.LaminaException}, the one root of all failures told
 * in a sentence.
 */
package dev.lamina;
