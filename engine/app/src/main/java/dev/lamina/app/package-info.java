/**
 * The program {@code lamina}: its commands, what they print, and how it starts. Everything that a
 * library user could want is in engine/core; this package only asks, shows and exits.
 */
package dev.lamina.app;
