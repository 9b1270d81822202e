package dev.lamina.cpu.panel;

import dev.lamina.cpu.code.Assembler;
import dev.lamina.cpu.code.Isa;
import dev.lamina.cpu.code.Mem;
import dev.lamina.cpu.code.Vop;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The vector registers of a kernel, and the few operations that instruction sets spell differently:
 * with 512 bits a memory operand can be broadcast or shifted at once, with 256 it is loaded first.
 */
final class Registers {
  /** 1 in all words. */
  static final int ONES = 0x00010001;

  final Assembler asm;
  final Isa isa;
  final int bits;
  private final Map<Integer, Integer> constants = new HashMap<>();
  private int next;

  Registers(Assembler asm, Isa isa) {
    this.asm = asm;
    this.isa = isa;
    this.bits = isa.bits();
  }

  boolean wide() {
    return bits == 512;
  }

  /** A register that nothing else uses. */
  int take() {
    if (next == isa.registers()) {
      throw new IllegalStateException("no vector register is left");
    }
    return next++;
  }

  /** How many registers nothing uses. */
  int left() {
    return isa.registers() - next;
  }

  int[] take(int count) {
    int[] taken = new int[count];
    for (int i = 0; i < count; i++) {
      taken[i] = take();
    }
    return taken;
  }

  /** Keeps a 32-bit value in all lanes of a register from here on, where one is left. */
  void keep(int value) {
    if (next < isa.registers() && !constants.containsKey(value)) {
      int register = take();
      constants.put(value, register);
      asm.op(Vop.VMOVUPS, bits, register, asm.splat(value));
    }
  }

  /** {@code target = source & value}. */
  void and(int target, int source, int value) {
    Integer register = constants.get(value);
    if (register != null) {
      asm.op(Vop.VPAND, bits, target, source, register);
    } else {
      asm.op(Vop.VPAND, bits, target, source, asm.splat(value));
    }
  }

  /** {@code target = op [source], value}. */
  void multiply(Vop op, int target, Mem source, int value) {
    Integer register = constants.get(value);
    if (register != null) {
      asm.op(op, bits, target, register, source);
    } else {
      asm.op(Vop.VMOVUPS, bits, target, source);
      asm.op(op, bits, target, target, asm.splat(value));
    }
  }

  /** {@code target = op target, value}. */
  void multiply(Vop op, int target, int value) {
    Integer register = constants.get(value);
    if (register != null) {
      asm.op(op, bits, target, target, register);
    } else {
      asm.op(op, bits, target, target, asm.splat(value));
    }
  }

  /** {@code target -= value}, byte by byte. */
  void lessBytes(int target, int value) {
    Integer register = constants.get(value);
    if (register != null) {
      asm.op(Vop.VPSUBB, bits, target, target, register);
    } else {
      asm.op(Vop.VPSUBB, bits, target, target, asm.splat(value));
    }
  }

  /** {@code target = [source] & value}. */
  void and(int target, Mem source, int value) {
    Integer register = constants.get(value);
    if (register != null) {
      asm.op(Vop.VPAND, bits, target, register, source);
    } else {
      asm.op(Vop.VMOVUPS, bits, target, source);
      asm.op(Vop.VPAND, bits, target, target, asm.splat(value));
    }
  }

  /**
   * Puts a number together from its fields.
   *
   * @param weights general register with the address of the block
   */
  void field(int target, int spare, int weights, List<Field> fields, int half) {
    for (int i = 0; i < fields.size(); i++) {
      Field field = fields.get(i);
      int to = i == 0 ? target : spare;
      int right = field.from() - field.to();
      if (field.words()) {
        asm.op(Vop.VPMOVZXWD, bits, to, Mem.at(weights, field.line() + 16 * half));
        if (right != 0) {
          asm.opImm(right > 0 ? Vop.VPSRLD : Vop.VPSLLD, bits, to, to, Math.abs(right));
        }
      } else {
        shift(to, Mem.at(weights, field.line() + 32 * half), right);
      }
      if (field.words() || field.from() + field.bits() < 32 || field.to() > 0) {
        and(to, to, (1 << field.bits()) - 1 << field.to());
      }
      if (i > 0) {
        asm.op(Vop.VPOR, bits, target, target, spare);
      }
    }
  }

  /** Adds the two words of each dword. */
  void widen(int register) {
    Integer ones = constants.get(ONES);
    if (ones != null) {
      asm.op(Vop.VPMADDWD, bits, register, register, ones);
    } else {
      asm.op(Vop.VPMADDWD, bits, register, register, asm.splat(ONES));
    }
  }

  /** {@code target |= source & value}; spoils {@code source}. */
  void orAnd(int target, int source, int value) {
    Integer register = constants.get(value);
    if (wide() && register != null) {
      // for each bit: a | b & c
      asm.opImm(Vop.VPTERNLOGD, bits, target, source, register, 0xf8);
    } else {
      and(source, source, value);
      asm.op(Vop.VPOR, bits, target, target, source);
    }
  }

  /** {@code target = [source]}, its dwords shifted right (left where negative). */
  void shift(int target, Mem source, int right) {
    Vop op = right > 0 ? Vop.VPSRLD : Vop.VPSLLD;
    if (right == 0) {
      asm.op(Vop.VMOVUPS, bits, target, source);
    } else if (wide()) {
      asm.opImm(op, bits, target, source, Math.abs(right));
    } else {
      asm.op(Vop.VMOVUPS, bits, target, source);
      asm.opImm(op, bits, target, target, Math.abs(right));
    }
  }

  /** {@code target = first * [base + disp]}, that one float broadcast. */
  void mulBroadcast(int target, int first, int base, int disp) {
    if (wide()) {
      asm.op(Vop.VMULPS, bits, target, first, Mem.broadcast(base, disp));
    } else {
      asm.op(Vop.VPBROADCASTD, bits, target, Mem.at(base, disp));
      asm.op(Vop.VMULPS, bits, target, target, first);
    }
  }

  /** {@code target += first * [base + disp]} (or {@code -=}), that one float broadcast. */
  void fmaBroadcast(Vop op, int target, int first, int base, int disp, int spare) {
    if (wide()) {
      asm.op(op, bits, target, first, Mem.broadcast(base, disp));
    } else {
      asm.op(Vop.VPBROADCASTD, bits, spare, Mem.at(base, disp));
      asm.op(op, bits, target, first, spare);
    }
  }
}
