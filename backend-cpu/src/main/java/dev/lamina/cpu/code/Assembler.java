package dev.lamina.cpu.code;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes x86-64 instructions: the few integer ones that loops need and the vector ones of {@link
 * Vop}, in VEX coding where that can say it and else in EVEX. Registers are numbers: 0 to 15 for
 * general ones, 0 to 31 for vectors. The general registers are free to use; the first argument of
 * the function is in {@link #RDI} whatever the system passes it in.
 */
public final class Assembler {
  public static final int RAX = 0;
  public static final int RCX = 1;
  public static final int RDX = 2;
  public static final int RBX = 3;
  public static final int RSP = 4;
  public static final int RBP = 5;
  public static final int RSI = 6;
  public static final int RDI = 7;
  public static final int R8 = 8;
  public static final int R9 = 9;
  public static final int R10 = 10;
  public static final int R11 = 11;
  public static final int R12 = 12;
  public static final int R13 = 13;
  public static final int R14 = 14;
  public static final int R15 = 15;

  /** Registers that a function must leave as they were. */
  private static final int[] SAVED = {RBX, RBP, R12, R13, R14, R15};

  private record Fixup(int at, Label label) {}

  private byte[] code = new byte[1024];
  private int size;
  private final List<Fixup> fixups = new ArrayList<>();
  private final Map<String, Label> vectors = new HashMap<>();
  private final List<byte[]> data = new ArrayList<>();
  private final List<Label> dataLabels = new ArrayList<>();

  /** Bytes written so far. */
  public int size() {
    return size;
  }

  /** The code with the data behind it, which begins on a cache line. */
  public byte[] finish() {
    while (size % 64 != 0) {
      emit(0xcc);
    }
    for (int i = 0; i < data.size(); i++) {
      bind(dataLabels.get(i));
      for (byte b : data.get(i)) {
        emit(b);
      }
    }
    for (Fixup fixup : fixups) {
      if (fixup.label.position < 0) {
        throw new IllegalStateException("a label was never bound");
      }
      putInt(fixup.at, fixup.label.position - (fixup.at + 4));
    }
    return Arrays.copyOf(code, size);
  }

  /** Saves the registers that belong to the caller. */
  public void enter() {
    for (int register : SAVED) {
      push(register);
    }
  }

  /** Restores them and returns. */
  public void leave() {
    emit(0xc5, 0xf8, 0x77); // vzeroupper
    for (int i = SAVED.length - 1; i >= 0; i--) {
      pop(SAVED[i]);
    }
    ret();
  }

  public void ret() {
    emit(0xc3);
  }

  public void bind(Label label) {
    label.position = size;
  }

  public void push(int register) {
    rex(0, 0, register);
    emit(0x50 | register & 7);
  }

  public void pop(int register) {
    rex(0, 0, register);
    emit(0x58 | register & 7);
  }

  /** {@code target = source}. */
  public void mov(int target, int source) {
    rex(1, source, target);
    emit(0x89, 0xc0 | (source & 7) << 3 | target & 7);
  }

  /** {@code target = imm}, zero-extended from 32 bits. */
  public void mov32(int target, int imm) {
    rex(0, 0, target);
    emit(0xb8 | target & 7);
    emitInt(imm);
  }

  /** Loads 64 bits. */
  public void load(int target, Mem source) {
    rex(1, target, source.base());
    emit(0x8b);
    plain(target, source);
  }

  /** Stores 64 bits. */
  public void store(Mem target, int source) {
    rex(1, source, target.base());
    emit(0x89);
    plain(source, target);
  }

  /** Loads 32 bits, zero-extended. */
  public void load32(int target, Mem source) {
    rex(0, target, source.base());
    emit(0x8b);
    plain(target, source);
  }

  /** Stores 32 bits. */
  public void store32(Mem target, int source) {
    rex(0, source, target.base());
    emit(0x89);
    plain(source, target);
  }

  /** {@code target += source}. */
  public void add(int target, int source) {
    rex(1, source, target);
    emit(0x01, 0xc0 | (source & 7) << 3 | target & 7);
  }

  /** {@code target += [source]}. */
  public void add(int target, Mem source) {
    rex(1, target, source.base());
    emit(0x03);
    plain(target, source);
  }

  /** {@code target += imm}; sets the flags. */
  public void addImm(int target, int imm) {
    rex(1, 0, target);
    if (imm == (byte) imm) {
      emit(0x83, 0xc0 | target & 7, imm);
    } else {
      emit(0x81, 0xc0 | target & 7);
      emitInt(imm);
    }
  }

  /** Jumps where the last result was not zero. */
  public void jnz(Label label) {
    emit(0x0f, 0x85);
    fix(label);
  }

  /** Jumps where the last result was zero. */
  public void jz(Label label) {
    emit(0x0f, 0x84);
    fix(label);
  }

  public void jmp(Label label) {
    emit(0xe9);
    fix(label);
  }

  public void syscall() {
    emit(0x0f, 0x05);
  }

  /** Loads the shapes of the tile registers of AMX from 64 bytes. */
  public void tileConfig(Mem shapes) {
    tile(0, 0x49, 0, 0, 0, shapes);
  }

  /** Gives the tile registers back. */
  public void tileRelease() {
    tile(0, 0x49, 0, 0, 0, null);
  }

  public void tileZero(int tile) {
    tile(3, 0x49, tile, 0, 0, null);
  }

  /** Loads rows that lie {@code stride} (a register) bytes apart. */
  public void tileLoad(int tile, int base, int stride, int disp) {
    tile(3, 0x4b, tile, 0, 0, Mem.gather(base, stride, disp));
  }

  /** Stores rows {@code stride} (a register) bytes apart. */
  public void tileStore(int base, int stride, int disp, int tile) {
    tile(2, 0x4b, tile, 0, 0, Mem.gather(base, stride, disp));
  }

  /** {@code TDPBSSD}: adds the products of signed bytes, four to a sum, to 32-bit integers. */
  public void tileProduct(int sums, int a, int b) {
    tile(3, 0x5e, sums, b, a, null);
  }

  /** {@code TDPBF16PS}: adds the products of bfloat16 numbers, two to a sum, to float32. */
  public void tileFloatProduct(int sums, int a, int b) {
    tile(2, 0x5c, sums, b, a, null);
  }

  private void tile(int prefix, int opcode, int register, int vvvv, int second, Mem mem) {
    int index = mem == null ? 0 : Math.max(0, mem.index());
    int base = mem == null ? 0 : Math.max(0, mem.base());
    emit(0xc4);
    emit(0x80 | (~index & 8) << 3 | (~base & 8) << 2 | 2);
    emit((~vvvv & 15) << 3 | prefix);
    emit(opcode);
    operand(register, second, mem, 1, 0);
  }

  /** Asks for a line to the first-level cache. */
  public void prefetch(Mem at) {
    prefetch(1, at);
  }

  /** Asks for a line to the second-level cache. */
  public void prefetchSecond(Mem at) {
    prefetch(2, at);
  }

  private void prefetch(int level, Mem at) {
    rex(0, level, at.base());
    emit(0x0f, 0x18);
    plain(level, at);
  }

  public void cpuid() {
    emit(0x0f, 0xa2);
  }

  public void xgetbv() {
    emit(0x0f, 0x01, 0xd0);
  }

  private void rex(int w, int register, int base) {
    int rex = 0x40 | w << 3 | (register >> 3) << 2 | base >> 3;
    if (rex != 0x40) {
      emit(rex);
    }
  }

  private void plain(int register, Mem mem) {
    address(register, mem, 1);
  }

  /** A constant vector of 64 bytes with one 32-bit value in all lanes. */
  public Mem splat(int value) {
    ByteBuffer bytes = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining()) {
      bytes.putInt(value);
    }
    return vector(bytes.array());
  }

  /** A table of dwords, for {@link #lea}. */
  public Label table(int[] values) {
    Label label = new Label();
    data.add(lines(values));
    dataLabels.add(label);
    return label;
  }

  /** The bytes of dwords, in whole cache lines. */
  static byte[] lines(int[] values) {
    ByteBuffer bytes =
        ByteBuffer.allocate((4 * values.length + 63) / 64 * 64).order(ByteOrder.LITTLE_ENDIAN);
    for (int value : values) {
      bytes.putInt(value);
    }
    return bytes.array();
  }

  /** The address of data. */
  public void lea(int target, Label source) {
    emit(0x48 | (target >> 3) << 2, 0x8d, (target & 7) << 3 | 5);
    fix(source);
  }

  /**
   * For each lane, loads the dword at {@code [base + 4 * index]}: EVEX coding with all bits of mask
   * register 1 set before, or VEX coding with a vector as the mask.
   *
   * @param mask vector register to spoil; unused with 512 bits
   */
  public void gather(int bits, int target, int index, int base, int mask) {
    if (bits == 512) {
      emit(0xc5, 0xf4, 0x46, 0xc9); // kxnorw k1, k1, k1
      emit(0x62);
      emit(
          (~target & 8) << 4
              | (~index & 8) << 3
              | (~base & 8) << 2
              | (~target & 16)
              | Vop.VPGATHERDD.map);
      emit(0x7c | Vop.VPGATHERDD.prefix);
      emit(0x40 | (~index & 16) >> 1 | 1);
    } else {
      op(Vop.VPCMPEQD, bits, mask, mask, mask);
      emit(0xc4);
      emit((~target & 8) << 4 | (~index & 8) << 3 | (~base & 8) << 2 | Vop.VPGATHERDD.map);
      emit((~mask & 15) << 3 | (bits == 256 ? 4 : 0) | Vop.VPGATHERDD.prefix);
    }
    // no displacement: the base must not be coded like rbp
    if ((base & 7) == RBP) {
      throw new IllegalArgumentException("no gather from " + base);
    }
    emit(Vop.VPGATHERDD.opcode, (target & 7) << 3 | 4, 0x80 | (index & 7) << 3 | base & 7);
  }

  /** Data of 64 bytes; the same bytes are placed once. */
  public Mem vector(byte[] bytes) {
    if (bytes.length != 64) {
      throw new IllegalArgumentException(bytes.length + " bytes are no vector");
    }
    Label label =
        vectors.computeIfAbsent(
            Arrays.toString(bytes),
            key -> {
              Label fresh = new Label();
              data.add(bytes.clone());
              dataLabels.add(fresh);
              return fresh;
            });
    return Mem.of(label);
  }

  /**
   * {@code op target, source}.
   *
   * @param bits 128, 256 or 512
   */
  public void op(Vop op, int bits, int target, int source) {
    encode(op, bits, target, 0, source, null, 0);
  }

  /** {@code op target, [source]}, or {@code op [source], target} for a store. */
  public void op(Vop op, int bits, int target, Mem source) {
    encode(op, bits, target, 0, 0, source, 0);
  }

  /** {@code op target, first, second}. */
  public void op(Vop op, int bits, int target, int first, int second) {
    encode(op, bits, target, first, second, null, 0);
  }

  /** {@code op target, first, [second]}; for a gather, {@code first} is the mask. */
  public void op(Vop op, int bits, int target, int first, Mem second) {
    encode(op, bits, target, first, 0, second, 0);
  }

  /** {@code op target, source, imm}. */
  public void opImm(Vop op, int bits, int target, int source, int imm) {
    if (op.form == Vop.Form.SHIFT) {
      encode(op, bits, op.extension, target, source, null, 1);
    } else {
      encode(op, bits, target, 0, source, null, 1);
    }
    emit(imm);
  }

  /** {@code op target, [source], imm}: with a shift, in EVEX coding alone. */
  public void opImm(Vop op, int bits, int target, Mem source, int imm) {
    if (op.form == Vop.Form.SHIFT) {
      evex(op, bits, op.extension, target, 0, source, 1);
    } else {
      encode(op, bits, target, 0, 0, source, 1);
    }
    emit(imm);
  }

  /** {@code op target, first, second, imm}. */
  public void opImm(Vop op, int bits, int target, int first, int second, int imm) {
    encode(op, bits, target, first, second, null, 1);
    emit(imm);
  }

  private void encode(
      Vop op, int bits, int register, int vvvv, int second, Mem mem, int immediates) {
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
    emit(0xc4);
    emit((~register & 8) << 4 | (~index & 8) << 3 | (~base & 8) << 2 | op.map);
    emit(op.wide() << 7 | (~vvvv & 15) << 3 | (bits == 256 ? 4 : 0) | op.prefix);
    emit(op.opcode);
    operand(register, second, mem, 1, immediates);
  }

  private void evex(Vop op, int bits, int register, int vvvv, int second, Mem mem, int immediates) {
    if (!op.hasEvex()) {
      throw new IllegalArgumentException(op + " cannot be coded with these operands");
    }
    boolean broadcast = mem != null && mem.broadcast();
    int base = mem == null ? second : Math.max(0, mem.base());
    // a vector as the last operand has its fifth bit where an index would have its fourth
    int x = mem == null ? second >> 4 : 0;
    emit(0x62);
    emit((~register & 8) << 4 | (~x & 1) << 6 | (~base & 8) << 2 | (~register & 16) | op.map);
    emit(op.wide() << 7 | (~vvvv & 15) << 3 | 4 | op.prefix);
    int length = bits == 512 ? 2 : bits == 256 ? 1 : 0;
    emit(length << 5 | (broadcast ? 16 : 0) | (~vvvv & 16) >> 1);
    emit(op.opcode);
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
      emit(0xc0 | (register & 7) << 3 | second & 7);
    } else if (mem.label() != null) {
      if (immediates != 0) {
        throw new IllegalArgumentException("an immediate behind an operand that a label names");
      }
      emit((register & 7) << 3 | 5);
      fix(mem.label());
    } else {
      address(register, mem, scale);
    }
  }

  private void address(int register, Mem mem, int scale) {
    boolean sib = mem.index() >= 0 || (mem.base() & 7) == RSP;
    boolean none = mem.disp() == 0 && (mem.base() & 7) != RBP;
    boolean small = mem.disp() % scale == 0 && mem.disp() / scale == (byte) (mem.disp() / scale);
    int mode = none ? 0 : small ? 0x40 : 0x80;
    emit(mode | (register & 7) << 3 | (sib ? 4 : mem.base() & 7));
    if (sib) {
      emit((mem.index() >= 0 ? mem.index() & 7 : 4) << 3 | mem.base() & 7);
    }
    if (mode == 0x40) {
      emit(mem.disp() / scale);
    } else if (mode == 0x80) {
      emitInt(mem.disp());
    }
  }

  private void fix(Label label) {
    fixups.add(new Fixup(size, label));
    emitInt(0);
  }

  private void emit(int... bytes) {
    if (size + bytes.length > code.length) {
      code = Arrays.copyOf(code, 2 * code.length + bytes.length);
    }
    for (int b : bytes) {
      code[size++] = (byte) b;
    }
  }

  private void emitInt(int value) {
    emit(value, value >> 8, value >> 16, value >> 24);
  }

  private void putInt(int at, int value) {
    for (int i = 0; i < 4; i++) {
      code[at + i] = (byte) (value >> 8 * i);
    }
  }
}
