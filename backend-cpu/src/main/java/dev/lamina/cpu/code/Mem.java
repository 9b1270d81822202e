package dev.lamina.cpu.code;

/**
 * A memory operand: {@code base + index + disp}, or data behind the code by its label.
 *
 * @param base general register, or -1 with a label
 * @param index vector register of 32-bit offsets (for gathers), general register with the bytes
 *     from row to row (for tiles), or -1
 * @param disp displacement in bytes
 * @param broadcast whether one 32-bit value at the address stands for all lanes
 * @param label data placed by {@link Assembler#vector}, or null
 */
public record Mem(int base, int index, int disp, boolean broadcast, Label label) {
  /** {@code [base + disp]}. */
  public static Mem at(int base, int disp) {
    return new Mem(base, -1, disp, false, null);
  }

  /** {@code [base + disp]{1toN}}. */
  public static Mem broadcast(int base, int disp) {
    return new Mem(base, -1, disp, true, null);
  }

  /** {@code [base + index * 1 + disp]}, an address for each lane of {@code index}. */
  public static Mem gather(int base, int index, int disp) {
    return new Mem(base, index, disp, false, null);
  }

  static Mem of(Label label) {
    return new Mem(-1, -1, 0, false, label);
  }
}
