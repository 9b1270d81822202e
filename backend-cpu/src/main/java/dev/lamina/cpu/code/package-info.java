/**
 * Machine code of our own: small assemblers for x86-64 and AArch64, memory that is written and then
 * made executable, what the processor can do as it says itself, and the call from Java. Knows
 * nothing of models or weights. Where a system or a processor does not allow it, that is a value
 * with a reason, and the kernels of the Vector API do the work.
 */
package dev.lamina.cpu.code;
