/**
 * The reference device: every op as one plain loop over decoded weights, sums in double precision.
 * It is the oracle of the contract tests, and the last resort where no other device can run.
 */
package dev.lamina.backend.reference;
