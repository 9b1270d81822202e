/**
 * Models: the configuration that a file's metadata gives, and the graph of ops of each
 * architecture, over shared blocks. Knows what is computed, not where.
 */
package dev.lamina.model;
