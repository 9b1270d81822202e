package dev.lamina.cpu.code;

/** A place in the code that jumps and operands can name before it is known. */
public final class Label {
  /** Offset from the beginning of the code, or -1. */
  int position = -1;
}
