package dev.lamina.cpu.attention;

import dev.lamina.cpu.code.Assembler;
import dev.lamina.cpu.code.Isa;
import dev.lamina.cpu.code.Mem;
import dev.lamina.cpu.code.Vop;
import dev.lamina.gguf.GgmlType;

/**
 * Emits the reading of pages' values as float32 vectors.
 *
 * @param asm where to
 * @param bits of a vector
 * @param type of the values
 */
record PageReader(Assembler asm, int bits, GgmlType type) {
  /** Values of a quantized block. */
  static final int BLOCK = 32;

  /** Whether pages of a type can be read. */
  static boolean reads(GgmlType type) {
    return switch (type) {
      case F32, F16, BF16, Q8_0, Q4_0 -> true;
      default -> false;
    };
  }

  int lanes() {
    return bits / 32;
  }

  /** Whether values share scales. */
  boolean quantized() {
    return type.blockSize() > 1;
  }

  /** Bytes of a vector of float values or of bytes that hold one quantized value each, or two. */
  int vectorBytes() {
    return switch (type) {
      case F32 -> 4 * lanes();
      case F16, BF16 -> 2 * lanes();
      default -> lanes();
    };
  }

  /** Loads a vector of values of a float type. */
  void floats(int target, int base, int disp) {
    switch (type) {
      case F32 -> asm.op(Vop.VMOVUPS, bits, target, Mem.at(base, disp));
      case F16 -> asm.op(Vop.VCVTPH2PS, bits, target, Mem.at(base, disp));
      case BF16 -> {
        asm.op(Vop.VPMOVZXWD, bits, target, Mem.at(base, disp));
        asm.opImm(Vop.VPSLLD, bits, target, target, 16);
      }
      default -> throw new IllegalArgumentException(type + " is no float type");
    }
  }

  /**
   * Loads a vector of quantized values, times their scales.
   *
   * @param high whether the high half of bytes that hold two is meant
   */
  void quants(int target, int scale, int base, int disp, boolean high) {
    if (type == GgmlType.Q8_0) {
      asm.op(Vop.VPMOVSXBD, bits, target, Mem.at(base, disp));
    } else {
      asm.op(Vop.VPMOVZXBD, bits, target, Mem.at(base, disp));
      if (high) {
        asm.opImm(Vop.VPSRLD, bits, target, target, 4);
      } else {
        asm.op(Vop.VPAND, bits, target, target, asm.splat(15));
      }
      asm.op(Vop.VPSUBD, bits, target, target, asm.splat(8));
    }
    asm.op(Vop.VCVTDQ2PS, bits, target, target);
    asm.op(Vop.VMULPS, bits, target, target, scale);
  }

  /** Loads the float16 at an address to all lanes; reads two bytes more. */
  void scale(int target, int base, int disp) {
    asm.op(Vop.VPBROADCASTD, 128, target, Mem.at(base, disp));
    asm.op(Vop.VCVTPH2PS, 128, target, target);
    asm.op(Vop.VPBROADCASTD, bits, target, target);
  }

  /** The most query rows of a function, so that sums and what they need fit the registers. */
  static int mostRows(Isa isa, GgmlType type) {
    return type.blockSize() > 1 ? (isa.bits() == 512 ? 5 : 3) : 6;
  }
}
