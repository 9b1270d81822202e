package dev.lamina.cpu.code;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes AArch64 instructions: the few integer ones that loops need, loads and stores, and the
 * vector ones of {@link Neon}. Registers are numbers: 0 to 30 for general ones, of 64 bits where
 * nothing else is said, and 0 to 31 for vectors. The argument of the function is in {@code x0};
 * {@code x0} to {@code x17} and the vectors 0 to 7 and 16 to 31 are free to use, the lower halves
 * of 8 to 15 and the others belong to the caller (Procedure Call Standard for the Arm 64-bit
 * Architecture, 6.1).
 */
public final class ArmAssembler {
  /** The stack pointer, where it is the base of an address or is added to. */
  public static final int SP = 31;

  /** How many bytes a load or a store moves, to or from which kind of register. */
  public enum Size {
    /** 32 bits, zero-extended, of a general register. */
    W(2, 0xb9400000, 0xb8400000),
    /** 64 bits of a general register. */
    X(3, 0xf9400000, 0xf8400000),
    /** 32 bits of a vector register, the rest of which becomes zero. */
    S(2, 0xbd400000, 0xbc400000),
    /** 64 bits of a vector register, the rest of which becomes zero. */
    D(3, 0xfd400000, 0xfc400000),
    /** A vector register. */
    Q(4, 0x3dc00000, 0x3cc00000);

    private final int shift;
    private final int scaled;
    private final int unscaled;

    Size(int shift, int scaled, int unscaled) {
      this.shift = shift;
      this.scaled = scaled;
      this.unscaled = unscaled;
    }
  }

  private enum Reach {
    /** Words, 19 bits from bit 5 on: conditional branches and literals. */
    NINETEEN,
    /** Bytes, 21 bits in two parts: addresses. */
    ADDRESS
  }

  private record Fixup(int at, Label label, Reach reach) {}

  /** The bit by which a load differs from a store of the same form. */
  private static final int LOAD = 1 << 22;

  private int[] code = new int[256];
  private int words;
  private final List<Fixup> fixups = new ArrayList<>();
  private final Map<String, Label> vectors = new HashMap<>();
  private final List<byte[]> data = new ArrayList<>();
  private final List<Label> dataLabels = new ArrayList<>();

  /** Bytes written so far. */
  public int size() {
    return 4 * words;
  }

  /** The code with the data behind it, which begin on a cache line. */
  public byte[] finish() {
    int bytes = (size() + 63) / 64 * 64;
    for (int i = 0; i < data.size(); i++) {
      dataLabels.get(i).position = bytes;
      bytes += data.get(i).length;
    }
    for (Fixup fixup : fixups) {
      fix(fixup);
    }
    ByteBuffer all = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < words; i++) {
      all.putInt(code[i]);
    }
    for (int i = 0; i < data.size(); i++) {
      all.put(dataLabels.get(i).position, data.get(i));
    }
    return all.array();
  }

  private void fix(Fixup fixup) {
    if (fixup.label.position < 0) {
      throw new IllegalStateException("a label was never bound");
    }
    int distance = fixup.label.position - 4 * fixup.at;
    check(distance >= -(1 << 20) && distance < 1 << 20, "a label is too far away");
    code[fixup.at] |=
        switch (fixup.reach) {
          case NINETEEN -> (distance >> 2 & 0x7ffff) << 5;
          case ADDRESS -> (distance & 3) << 29 | (distance >> 2 & 0x7ffff) << 5;
        };
  }

  private static void check(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException(otherwise);
    }
  }

  private void emit(int word) {
    if (words == code.length) {
      code = Arrays.copyOf(code, 2 * words);
    }
    code[words++] = word;
  }

  private void emit(int word, Label label, Reach reach) {
    fixups.add(new Fixup(words, label, reach));
    emit(word);
  }

  public void bind(Label label) {
    label.position = size();
  }

  /**
   * Saves the vector registers that belong to the caller, and as many general ones from {@code x19}
   * on; keeps the stack aligned.
   *
   * @param general an even number up to 10
   */
  public void enter(int general) {
    addImm(SP, SP, -(64 + 8 * general));
    saved(general, 0);
  }

  /** Restores them and returns. */
  public void leave(int general) {
    saved(general, LOAD);
    addImm(SP, SP, 64 + 8 * general);
    ret();
  }

  private void saved(int general, int load) {
    for (int i = 0; i < 8; i += 2) {
      emit(0x6d000000 | load | i << 15 | 9 + i << 10 | SP << 5 | 8 + i);
    }
    for (int i = 0; i < general; i += 2) {
      emit(0xa9000000 | load | 8 + i << 15 | 20 + i << 10 | SP << 5 | 19 + i);
    }
  }

  public void ret() {
    emit(0xd65f03c0);
  }

  /** Writes the data cache's line of an address to where instructions are read from. */
  public void cleanData(int address) {
    emit(0xd50b7b20 | address);
  }

  /** Has the line of an address be read again before its instructions are executed. */
  public void discardInstructions(int address) {
    emit(0xd50b7520 | address);
  }

  /** Waits until all processors see what went before. */
  public void dataBarrier() {
    emit(0xd5033b9f);
  }

  /** Has this processor read what follows anew. */
  public void instructionBarrier() {
    emit(0xd5033fdf);
  }

  /** {@code target = source}. */
  public void mov(int target, int source) {
    emit(0xaa0003e0 | source << 16 | target);
  }

  /** {@code target = imm}, zero-extended from 32 bits. */
  public void mov32(int target, int imm) {
    emit(0xd2800000 | (imm & 0xffff) << 5 | target);
    if (imm >>> 16 != 0) {
      emit(0xf2a00000 | imm >>> 16 << 5 | target);
    }
  }

  /** {@code target = first + second}. */
  public void add(int target, int first, int second) {
    emit(0x8b000000 | second << 16 | first << 5 | target);
  }

  /** {@code target = source + imm}, of which 24 bits and a sign count. */
  public void addImm(int target, int source, int imm) {
    int op = imm < 0 ? 0xd1000000 : 0x91000000;
    int size = Math.abs(imm);
    check(size < 1 << 24, imm + " is too large to be added");
    int from = source;
    if (size >> 12 != 0) {
      emit(op | 1 << 22 | size >> 12 << 10 | from << 5 | target);
      from = target;
    }
    if ((size & 0xfff) != 0 || size == 0) {
      emit(op | (size & 0xfff) << 10 | from << 5 | target);
    }
  }

  /** Takes one from a register and jumps where it is not yet zero. */
  public void loop(int counter, Label label) {
    emit(0xf1000400 | counter << 5 | counter); // subs
    emit(0x54000001, label, Reach.NINETEEN); // b.ne
  }

  /** Loads {@code [base + disp]}. */
  public void load(Size size, int target, int base, int disp) {
    move(size, target, base, disp, 0);
  }

  /** Stores to {@code [base + disp]}. */
  public void store(Size size, int source, int base, int disp) {
    move(size, source, base, disp, LOAD);
  }

  /** A displacement is a multiple of the size, not negative, or one of -256 to 255. */
  private void move(Size size, int register, int base, int disp, int clear) {
    boolean multiple = (disp & (1 << size.shift) - 1) == 0;
    if (multiple && disp >= 0 && disp >> size.shift < 1 << 12) {
      emit(size.scaled & ~clear | disp >> size.shift << 10 | base << 5 | register);
    } else {
      check(disp >= -256 && disp < 256, disp + " cannot be coded");
      emit(size.unscaled & ~clear | (disp & 0x1ff) << 12 | base << 5 | register);
    }
  }

  /** Loads a float from a table to a vector register: {@code [base + 4 * index]}, of 32 bits. */
  public void loadIndexed(int target, int base, int index) {
    emit(0xbc605800 | index << 16 | base << 5 | target);
  }

  /** Asks for the line of {@code [base + disp]} to the first-level cache. */
  public void prefetch(int base, int disp) {
    prefetch(base, disp, 0);
  }

  /** Asks for it to the second-level cache. */
  public void prefetchSecond(int base, int disp) {
    prefetch(base, disp, 2);
  }

  private void prefetch(int base, int disp, int operation) {
    check(disp >= 0 && disp % 8 == 0 && disp < 1 << 15, disp + " cannot be coded");
    emit(0xf9800000 | disp / 8 << 10 | base << 5 | operation);
  }

  /** The address of data or code. */
  public void address(int target, Label label) {
    emit(0x10000000 | target, label, Reach.ADDRESS);
  }

  /** A table of dwords, for {@link #address}. */
  public Label table(int[] values) {
    Label label = new Label();
    data.add(CodeBuffer.lines(values));
    dataLabels.add(label);
    return label;
  }

  /** {@code target = } 16 bytes that lie behind the code. */
  public void constant(int target, byte[] bytes) {
    check(bytes.length == 16, bytes.length + " bytes are no vector");
    Label label =
        vectors.computeIfAbsent(
            Arrays.toString(bytes),
            key -> {
              Label fresh = new Label();
              data.add(bytes.clone());
              dataLabels.add(fresh);
              return fresh;
            });
    emit(0x9c000000 | target, label, Reach.NINETEEN);
  }

  /** {@code target = } the same dword in all lanes. */
  public void splat(int target, int value) {
    if (value == (value & 255) * 0x01010101) {
      splatByte(target, value & 255);
      return;
    }
    ByteBuffer bytes = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining()) {
      bytes.putInt(value);
    }
    constant(target, bytes.array());
  }

  /** {@code target = } the same byte in all lanes. */
  public void splatByte(int target, int value) {
    emit(0x4f00e400 | value >> 5 << 16 | (value & 31) << 5 | target);
  }

  /** {@code target = source}, the whole vector. */
  public void move(int target, int source) {
    op(Neon.ORR, target, source, source);
  }

  /** {@code target = } one dword of the source in all lanes. */
  public void broadcast(int target, int source, int lane) {
    emit(0x4e000400 | (lane << 3 | 4) << 16 | source << 5 | target);
  }

  /** {@code target = } a dword of a vector, to a general register. */
  public void extract(int target, int source, int lane) {
    emit(0x0e003c00 | (lane << 3 | 4) << 16 | source << 5 | target);
  }

  /** Puts the first dword of the source to a lane of the target. */
  public void insert(int target, int lane, int source) {
    emit(0x6e000400 | (lane << 3 | 4) << 16 | source << 5 | target);
  }

  /** {@code op target, source}. */
  public void op(Neon op, int target, int source) {
    check(op.form == Neon.Form.TWO || op.form == Neon.Form.ACROSS, op + " has other operands");
    emit(op.code | source << 5 | target);
  }

  /** {@code op target, first, second}. */
  public void op(Neon op, int target, int first, int second) {
    check(op.form == Neon.Form.THREE || op.form == Neon.Form.TABLE, op + " has other operands");
    emit(op.code | second << 16 | first << 5 | target);
  }

  /** {@code op target, source, #count}: to the left 0 to 31 (or 7), to the right 1 to 32 (or 8). */
  public void shift(Neon op, int target, int source, int count) {
    int bits = op.laneBits();
    boolean left = op.form == Neon.Form.LEFT;
    check(left || op.form == Neon.Form.RIGHT, op + " has other operands");
    check(left ? count >= 0 && count < bits : count > 0 && count <= bits, "shift by " + count);
    int coded = left ? bits + count : 2 * bits - count;
    emit(op.code | coded << 16 | source << 5 | target);
  }

  /** {@code op target, first, second[lane]}, a lane of 32 bits. */
  public void element(Neon op, int target, int first, int second, int lane) {
    check(op.form == Neon.Form.ELEMENT, op + " has other operands");
    emit(op.code | (lane & 1) << 21 | (lane >> 1) << 11 | second << 16 | first << 5 | target);
  }
}
