/**
 * What the tests of all modules share about devices: the contract that every backend passes, and a
 * made-up GPU for the tests of the engine.
 */
package dev.lamina.backend.testing;
