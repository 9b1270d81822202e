/**
 * Which layers of a model go to which device: support of every op, the rules above it, memory, and
 * the user's wishes, made into stages with a reason for every layer. Reads devices, but allocates
 * nothing on them.
 */
package dev.lamina.placement;
