/**
 * Weights in panels of 16 rows and the integer products with them. One description per type, {@link
 * dev.lamina.cpu.panel.PanelFormat}, says how a block lies in a panel; from it follow, as machine
 * code, the repacking of a file's rows and the products for any number of tokens and any
 * instruction set. Activations are rounded to 8-bit integers, 32 with a scale each.
 */
package dev.lamina.cpu.panel;
