/** The program: commands, terminal, measurements. Everything that a user types at ends here. */
package dev.lamina.app;
