package dev.lamina.cpu.panel;

import dev.lamina.cpu.code.ArmAssembler;
import dev.lamina.cpu.code.ArmAssembler.Size;
import dev.lamina.cpu.code.Neon;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The registers of a kernel for AArch64. A vector holds a quarter of a panel: 4 rows. Code for one
 * quarter after the other has the quarter in the addresses, which is why there are three for a
 * block: what 16 rows have side by side begins 16, 8 or 4 bytes later for the next 4 of them.
 */
final class ArmRegisters {
  private static final int VECTORS = 32;

  /** Where the dwords of the quarter begin in the block, as a general register. */
  static final int DWORDS = 1;

  /** Where its words begin. */
  static final int WORDS = 2;

  /** Where its bytes begin. */
  static final int BYTES = 3;

  /** Scratch memory. */
  static final int SCRATCH = 11;

  // of products
  static final int X = 7;
  static final int BLOCKS = 8;
  static final int T = 9;
  static final int PANELS = 10;
  static final int OUT_STRIDE = 12;
  static final int INIT_STRIDE = 13;
  static final int OUT = 15;
  static final int INIT = 16;
  private static final int ARGUMENTS = 0;

  final ArmAssembler asm = new ArmAssembler();
  private final Map<Integer, Integer> constants = new HashMap<>();
  private int next;

  /** Loads an argument of a product, by its offset among them. */
  void argument(int target, int at) {
    asm.load(Size.X, target, ARGUMENTS, at);
  }

  /** A vector register that nothing else uses. */
  int take() {
    if (next == VECTORS) {
      throw new IllegalStateException("no vector register is left");
    }
    return next++;
  }

  int[] take(int count) {
    int[] taken = new int[count];
    for (int i = 0; i < count; i++) {
      taken[i] = take();
    }
    return taken;
  }

  /** Keeps a byte in all lanes of a register from here on, where one is left. */
  void keep(int value) {
    if (next < VECTORS && !constants.containsKey(value)) {
      int register = take();
      constants.put(value, register);
      asm.splatByte(register, value);
    }
  }

  /** The register with a byte in all lanes: the one that keeps it, or else this one from now on. */
  int constant(int value, int otherwise) {
    Integer register = constants.get(value);
    if (register != null) {
      return register;
    }
    asm.splatByte(otherwise, value);
    return otherwise;
  }

  /** Loads a line's dwords of a quarter. */
  void dwords(int target, int line, int quarter) {
    asm.load(Size.Q, target, DWORDS, line + 16 * quarter);
  }

  /** Loads words of a quarter, zero-extended. */
  void words(int target, int at, int quarter) {
    asm.load(Size.D, target, WORDS, at + 8 * quarter);
    asm.op(Neon.UXTL_4S, target, target);
  }

  /** Loads float16 of a quarter as floats. */
  void halves(int target, int at, int quarter) {
    asm.load(Size.D, target, WORDS, at + 8 * quarter);
    asm.op(Neon.FCVTL, target, target);
  }

  /** Loads bytes of a quarter, zero-extended. */
  void bytes(int target, int at, int quarter) {
    asm.load(Size.S, target, BYTES, at + 4 * quarter);
    asm.op(Neon.UXTL_8H, target, target);
    asm.op(Neon.UXTL_4S, target, target);
  }

  /** Puts a number together from its fields, the lowest first. */
  void number(int target, int spare, List<Field> fields, boolean signed, int quarter) {
    for (int i = 0; i < fields.size(); i++) {
      Field field = fields.get(i);
      int to = i == 0 ? target : spare;
      if (field.words()) {
        words(to, field.line(), quarter);
      } else {
        dwords(to, field.line(), quarter);
      }
      int above = 32 - field.from() - field.bits();
      if (above > 0 && !(field.words() && above == 16)) {
        asm.shift(Neon.SHL_4S, to, to, above);
        asm.shift(signed ? Neon.SSHR_4S : Neon.USHR_4S, to, to, 32 - field.bits());
      } else if (field.from() > 0) {
        asm.shift(signed ? Neon.SSHR_4S : Neon.USHR_4S, to, to, field.from());
      }
      if (i > 0) {
        asm.shift(Neon.SLI_4S, target, spare, field.to());
      }
    }
  }

  /**
   * Puts a number together in each byte of a line, from the same bits of all.
   *
   * @param fields bits counted in a byte, the lowest first
   */
  void byteNumbers(int target, int spare, List<Field> fields, int quarter) {
    for (int i = 0; i < fields.size(); i++) {
      Field field = fields.get(i);
      int to = i == 0 ? target : spare;
      dwords(to, field.line(), quarter);
      int above = 8 - field.from() - field.bits();
      if (above > 0) {
        asm.shift(Neon.SHL_16B, to, to, above);
      }
      if (field.bits() < 8) {
        asm.shift(Neon.USHR_16B, to, to, 8 - field.bits());
      }
      if (i > 0) {
        asm.shift(Neon.SLI_16B, target, spare, field.to());
      }
    }
  }
}
