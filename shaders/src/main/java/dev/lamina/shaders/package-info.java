/** The text of the device kernels, and how a backend gets at it. */
package dev.lamina.shaders;
