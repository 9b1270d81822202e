package dev.lamina.cpu.code;

import java.util.Arrays;

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

  private final CodeBuffer code = new CodeBuffer();
  private final Encoder encoder = new Encoder(code);

  /** Bytes written so far. */
  public int size() {
    return code.size();
  }

  /** The code with the data behind it, which begins on a cache line. */
  public byte[] finish() {
    return code.finish();
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
    code.bind(label);
  }

  public void push(int register) {
    encoder.rex(0, 0, register);
    emit(0x50 | register & 7);
  }

  public void pop(int register) {
    encoder.rex(0, 0, register);
    emit(0x58 | register & 7);
  }

  /** {@code target = source}. */
  public void mov(int target, int source) {
    encoder.rex(1, source, target);
    emit(0x89, 0xc0 | (source & 7) << 3 | target & 7);
  }

  /** {@code target = imm}, zero-extended from 32 bits. */
  public void mov32(int target, int imm) {
    encoder.rex(0, 0, target);
    emit(0xb8 | target & 7);
    code.emitInt(imm);
  }

  /** Loads 64 bits. */
  public void load(int target, Mem source) {
    encoder.rex(1, target, source.base());
    emit(0x8b);
    encoder.plain(target, source);
  }

  /** Stores 64 bits. */
  public void store(Mem target, int source) {
    encoder.rex(1, source, target.base());
    emit(0x89);
    encoder.plain(source, target);
  }

  /** Loads 32 bits, zero-extended. */
  public void load32(int target, Mem source) {
    encoder.rex(0, target, source.base());
    emit(0x8b);
    encoder.plain(target, source);
  }

  /** Stores 32 bits. */
  public void store32(Mem target, int source) {
    encoder.rex(0, source, target.base());
    emit(0x89);
    encoder.plain(source, target);
  }

  /** {@code target += source}. */
  public void add(int target, int source) {
    encoder.rex(1, source, target);
    emit(0x01, 0xc0 | (source & 7) << 3 | target & 7);
  }

  /** {@code target += [source]}. */
  public void add(int target, Mem source) {
    encoder.rex(1, target, source.base());
    emit(0x03);
    encoder.plain(target, source);
  }

  /** {@code target += imm}; sets the flags. */
  public void addImm(int target, int imm) {
    encoder.rex(1, 0, target);
    if (imm == (byte) imm) {
      emit(0x83, 0xc0 | target & 7, imm);
    } else {
      emit(0x81, 0xc0 | target & 7);
      code.emitInt(imm);
    }
  }

  /** Jumps where the last result was not zero. */
  public void jnz(Label label) {
    emit(0x0f, 0x85);
    code.fix(label);
  }

  /** Jumps where the last result was zero. */
  public void jz(Label label) {
    emit(0x0f, 0x84);
    code.fix(label);
  }

  public void jmp(Label label) {
    emit(0xe9);
    code.fix(label);
  }

  public void syscall() {
    emit(0x0f, 0x05);
  }

  /** Loads the shapes of the tile registers of AMX from 64 bytes. */
  public void tileConfig(Mem shapes) {
    encoder.tile(0, 0x49, 0, 0, 0, shapes);
  }

  /** Gives the tile registers back. */
  public void tileRelease() {
    encoder.tile(0, 0x49, 0, 0, 0, null);
  }

  public void tileZero(int tile) {
    encoder.tile(3, 0x49, tile, 0, 0, null);
  }

  /** Loads rows that lie {@code stride} (a register) bytes apart. */
  public void tileLoad(int tile, int base, int stride, int disp) {
    encoder.tile(3, 0x4b, tile, 0, 0, Mem.gather(base, stride, disp));
  }

  /** Stores rows {@code stride} (a register) bytes apart. */
  public void tileStore(int base, int stride, int disp, int tile) {
    encoder.tile(2, 0x4b, tile, 0, 0, Mem.gather(base, stride, disp));
  }

  /** {@code TDPBSSD}: adds the products of signed bytes, four to a sum, to 32-bit integers. */
  public void tileProduct(int sums, int a, int b) {
    encoder.tile(3, 0x5e, sums, b, a, null);
  }

  /** {@code TDPBF16PS}: adds the products of bfloat16 numbers, two to a sum, to float32. */
  public void tileFloatProduct(int sums, int a, int b) {
    encoder.tile(2, 0x5c, sums, b, a, null);
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
    encoder.rex(0, level, at.base());
    emit(0x0f, 0x18);
    encoder.plain(level, at);
  }

  public void cpuid() {
    emit(0x0f, 0xa2);
  }

  public void xgetbv() {
    emit(0x0f, 0x01, 0xd0);
  }

  /** A constant vector of 64 bytes with one 32-bit value in all lanes. */
  public Mem splat(int value) {
    int[] lanes = new int[16];
    Arrays.fill(lanes, value);
    return vector(CodeBuffer.lines(lanes));
  }

  /** A table of dwords, for {@link #lea}. */
  public Label table(int[] values) {
    return code.table(values);
  }

  /** The address of data. */
  public void lea(int target, Label source) {
    emit(0x48 | (target >> 3) << 2, 0x8d, (target & 7) << 3 | 5);
    code.fix(source);
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
    } else {
      op(Vop.VPCMPEQD, bits, mask, mask, mask);
    }
    encoder.gather(bits, target, index, base, mask);
  }

  /** Data of 64 bytes; the same bytes are placed once. */
  public Mem vector(byte[] bytes) {
    return Mem.of(code.vector(bytes));
  }

  /**
   * {@code op target, source}.
   *
   * @param bits 128, 256 or 512
   */
  public void op(Vop op, int bits, int target, int source) {
    encoder.encode(op, bits, target, 0, source, null, 0);
  }

  /** {@code op target, [source]}, or {@code op [source], target} for a store. */
  public void op(Vop op, int bits, int target, Mem source) {
    encoder.encode(op, bits, target, 0, 0, source, 0);
  }

  /** {@code op target, first, second}. */
  public void op(Vop op, int bits, int target, int first, int second) {
    encoder.encode(op, bits, target, first, second, null, 0);
  }

  /** {@code op target, first, [second]}; for a gather, {@code first} is the mask. */
  public void op(Vop op, int bits, int target, int first, Mem second) {
    encoder.encode(op, bits, target, first, 0, second, 0);
  }

  /** {@code op target, source, imm}. */
  public void opImm(Vop op, int bits, int target, int source, int imm) {
    if (op.form == Vop.Form.SHIFT) {
      encoder.encode(op, bits, op.extension, target, source, null, 1);
    } else {
      encoder.encode(op, bits, target, 0, source, null, 1);
    }
    emit(imm);
  }

  /** {@code op target, [source], imm}: with a shift, in EVEX coding alone. */
  public void opImm(Vop op, int bits, int target, Mem source, int imm) {
    if (op.form == Vop.Form.SHIFT) {
      encoder.evex(op, bits, op.extension, target, 0, source, 1);
    } else {
      encoder.encode(op, bits, target, 0, 0, source, 1);
    }
    emit(imm);
  }

  /** {@code op target, first, second, imm}. */
  public void opImm(Vop op, int bits, int target, int first, int second, int imm) {
    encoder.encode(op, bits, target, first, second, null, 1);
    emit(imm);
  }

  private void emit(int... bytes) {
    code.emit(bytes);
  }
}
