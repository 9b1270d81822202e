package dev.lamina.cpu.code;

/**
 * Codes the operands of x86-64 instructions: the prefixes REX, VEX and EVEX, which hold parts of
 * the registers' numbers, the bytes ModRM and SIB, and displacements. Source: Intel 64 and IA-32
 * Architectures Software Developer's Manual, volume 2, chapter 2.
 */
final class Encoder {
  private final CodeBuffer code;

  Encoder(CodeBuffer code) {
    this.code = code;
  }

  /**
   * The prefix of an integer instruction, where one is needed.
   *
   * @param w 1: operands of 64 bits
   */
  void rex(int w, int register, int base) {
    int rex = 0x40 | w << 3 | (register >> 3) << 2 | base >> 3;
    if (rex != 0x40) {
      code.emit(rex);
    }
  }

  /** The memory operand of an integer instruction. */
  void plain(int register, Mem mem) {
    address(register, mem, 1);
  }

  /** An instruction of AMX. */
  void tile(int prefix, int opcode, int register, int vvvv, int second, Mem mem) {
    int index = mem == null ? 0 : Math.max(0, mem.index());
    int base = mem == null ? 0 : Math.max(0, mem.base());
    code.emit(0xc4);
    code.emit(0x80 | (~index & 8) << 3 | (~base & 8) << 2 | 2);
    code.emit((~vvvv & 15) << 3 | prefix);
    code.emit(opcode);
    operand(register, second, mem, 1, 0);
  }

  /** {@code op target, [base + 4 * index]} as {@link Assembler#gather} says it. */
  void gather(int bits, int target, int index, int base, int mask) {
    if (bits == 512) {
      code.emit(0x62);
      code.emit(
          (~target & 8) << 4
              | (~index & 8) << 3
              | (~base & 8) << 2
              | (~target & 16)
              | Vop.VPGATHERDD.map);
      code.emit(0x7c | Vop.VPGATHERDD.prefix);
      code.emit(0x40 | (~index & 16) >> 1 | 1);
    } else {
      code.emit(0xc4);
      code.emit((~target & 8) << 4 | (~index & 8) << 3 | (~base & 8) << 2 | Vop.VPGATHERDD.map);
      code.emit((~mask & 15) << 3 | (bits == 256 ? 4 : 0) | Vop.VPGATHERDD.prefix);
    }
    // no displacement: the base must not be coded like rbp
    if ((base & 7) == Assembler.RBP) {
      throw new IllegalArgumentException("no gather from " + base);
    }
    code.emit(Vop.VPGATHERDD.opcode, (target & 7) << 3 | 4, 0x80 | (index & 7) << 3 | base & 7);
  }

  /** A vector instruction, in VEX coding where that can say it. */
  void encode(Vop op, int bits, int register, int vvvv, int second, Mem mem, int immediates) {
    boolean far =
        bits == 512
            || (register | vvvv | second) > 15
            || mem != null && mem.broadcast()
            || !op.hasVex();
    if (far) {
      evex(op, bits, register, vvvv, second, mem, immediates);
    } else {
      vex(op, bits, register, vvvv, second, mem, immediates);
    }
  }

  private void vex(Vop op, int bits, int register, int vvvv, int second, Mem mem, int immediates) {
    int index = mem != null && mem.index() >= 0 ? mem.index() : 0;
    int base = mem == null ? second : Math.max(0, mem.base());
    code.emit(0xc4);
    code.emit((~register & 8) << 4 | (~index & 8) << 3 | (~base & 8) << 2 | op.map);
    code.emit(op.wide() << 7 | (~vvvv & 15) << 3 | (bits == 256 ? 4 : 0) | op.prefix);
    code.emit(op.opcode);
    operand(register, second, mem, 1, immediates);
  }

  /** A vector instruction in EVEX coding. */
  void evex(Vop op, int bits, int register, int vvvv, int second, Mem mem, int immediates) {
    if (!op.hasEvex()) {
      throw new IllegalArgumentException(op + " cannot be coded with these operands");
    }
    boolean broadcast = mem != null && mem.broadcast();
    int base = mem == null ? second : Math.max(0, mem.base());
    // a vector as the last operand has its fifth bit where an index would have its fourth
    int x = mem == null ? second >> 4 : 0;
    code.emit(0x62);
    code.emit((~register & 8) << 4 | (~x & 1) << 6 | (~base & 8) << 2 | (~register & 16) | op.map);
    code.emit(op.wide() << 7 | (~vvvv & 15) << 3 | 4 | op.prefix);
    int length = bits == 512 ? 2 : bits == 256 ? 1 : 0;
    code.emit(length << 5 | (broadcast ? 16 : 0) | (~vvvv & 16) >> 1);
    code.emit(op.opcode);
    int bytes = bits / 8;
    int scale =
        switch (op.tuple) {
          case FULL -> broadcast ? 4 : bytes;
          case FULL_MEM -> bytes;
          case HALF_MEM -> bytes / 2;
          case QUARTER_MEM -> bytes / 4;
          case SCALAR -> 4;
        };
    operand(register, second, mem, scale, immediates);
  }

  private void operand(int register, int second, Mem mem, int scale, int immediates) {
    if (mem == null) {
      code.emit(0xc0 | (register & 7) << 3 | second & 7);
    } else if (mem.label() != null) {
      if (immediates != 0) {
        throw new IllegalArgumentException("an immediate behind an operand that a label names");
      }
      code.emit((register & 7) << 3 | 5);
      code.fix(mem.label());
    } else {
      address(register, mem, scale);
    }
  }

  private void address(int register, Mem mem, int scale) {
    boolean sib = mem.index() >= 0 || (mem.base() & 7) == Assembler.RSP;
    boolean none = mem.disp() == 0 && (mem.base() & 7) != Assembler.RBP;
    boolean small = mem.disp() % scale == 0 && mem.disp() / scale == (byte) (mem.disp() / scale);
    int mode = none ? 0 : small ? 0x40 : 0x80;
    code.emit(mode | (register & 7) << 3 | (sib ? 4 : mem.base() & 7));
    if (sib) {
      code.emit((mem.index() >= 0 ? mem.index() & 7 : 4) << 3 | mem.base() & 7);
    }
    if (mode == 0x40) {
      code.emit(mem.disp() / scale);
    } else if (mode == 0x80) {
      code.emitInt(mem.disp());
    }
  }
}
