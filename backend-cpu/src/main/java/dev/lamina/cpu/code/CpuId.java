package dev.lamina.cpu.code;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What an x86-64 processor says of itself by {@code CPUID}, and the system of the registers that it
 * saves by {@code XGETBV}.
 *
 * @param avx2 AVX2 with FMA and F16C
 * @param avxVnni the VNNI instructions in VEX coding
 * @param avx512Vnni AVX-512 F, BW, DQ, VL and VNNI
 * @param avx512Vbmi permutations of bytes, with the former
 * @param amxInt8 tiles with products of bytes, which Linux has granted to this process
 * @param amxBf16 such tiles with products of bfloat16 numbers, too
 */
public record CpuId(
    boolean avx2,
    boolean avxVnni,
    boolean avx512Vnni,
    boolean avx512Vbmi,
    boolean amxInt8,
    boolean amxBf16) {
  private static final int FMA = 1 << 12;
  private static final int OSXSAVE = 1 << 27;
  private static final int AVX = 1 << 28;
  private static final int F16C = 1 << 29;
  private static final int AVX2 = 1 << 5;
  private static final int AVX512F = 1 << 16;
  private static final int AVX512DQ = 1 << 17;
  private static final int AVX512BW = 1 << 30;
  private static final int AVX512VL = 1 << 31;
  private static final int AVX512_VBMI = 1 << 1;
  private static final int AVX512_VNNI = 1 << 11;
  private static final int AVX_VNNI = 1 << 4;
  private static final int AMX_BF16 = 1 << 22;
  private static final int AMX_TILE = 1 << 24;
  private static final int AMX_INT8 = 1 << 25;

  /** The state of vector registers of 256 bits, and of 512 bits with masks. */
  private static final int STATE_256 = 0x6;

  private static final int STATE_512 = 0xe6;

  /** The state of tile registers. */
  private static final int STATE_TILES = 0x60000;

  // Linux on x86-64: arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA)
  private static final int ARCH_PRCTL = 158;
  private static final int REQUEST_STATE = 0x1023;
  private static final int TILE_DATA = 18;

  private static final CpuId HERE =
      Architecture.here() == Architecture.X86_64 && CodeMemory.reason() == null ? ask() : null;

  /** This processor, or null where it is another one or no code can be executed to ask it. */
  public static CpuId read() {
    return HERE;
  }

  private static CpuId ask() {
    long code = CodeMemory.place(code());
    if (code == 0) {
      return null;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment block = arena.allocate(32, 8);
      int most = cpuid(code, block, 0, 0)[0];
      int[] basic = cpuid(code, block, 1, 0);
      int[] more = most < 7 ? new int[5] : cpuid(code, block, 7, 0);
      int[] last = most < 7 || more[0] < 1 ? new int[5] : cpuid(code, block, 7, 1);
      int state = basic[4];
      boolean avx2 =
          has(basic[2], FMA | OSXSAVE | AVX | F16C) && has(more[1], AVX2) && has(state, STATE_256);
      boolean avx512 =
          avx2
              && has(more[1], AVX512F | AVX512DQ | AVX512BW | AVX512VL)
              && has(more[2], AVX512_VNNI)
              && has(state, STATE_512);
      boolean amx =
          has(more[3], AMX_TILE | AMX_INT8) && has(state, STATE_TILES) && tilesGranted(block);
      return new CpuId(
          avx2,
          has(last[0], AVX_VNNI),
          avx512,
          avx512 && has(more[2], AVX512_VBMI),
          amx,
          amx && has(more[3], AMX_BF16));
    }
  }

  private static boolean has(int word, int bits) {
    return (word & bits) == bits;
  }

  /**
   * EAX, EBX, ECX, EDX of a leaf, and the low half of XCR0 where the leaf says that there is one.
   */
  private static int[] cpuid(long code, MemorySegment block, int leaf, int part) {
    block.set(ValueLayout.JAVA_INT, 0, leaf);
    block.set(ValueLayout.JAVA_INT, 4, part);
    NativeCode.call(code, block.address());
    int[] words = new int[5];
    for (int i = 0; i < 4; i++) {
      words[i] = block.get(ValueLayout.JAVA_INT, 4L * i);
    }
    if (leaf == 1 && has(words[2], OSXSAVE)) {
      long xgetbv = CodeMemory.place(xgetbvCode());
      if (xgetbv != 0) {
        NativeCode.call(xgetbv, block.address());
        words[4] = block.get(ValueLayout.JAVA_INT, 0);
      }
    }
    return words;
  }

  /**
   * Asks Linux for the tile registers, 8 KB of state that a thread has only where its process
   * asked; all threads may use them from then on.
   */
  private static boolean tilesGranted(MemorySegment block) {
    Assembler a = new Assembler();
    a.mov(Assembler.R8, Assembler.RDI);
    a.mov32(Assembler.RAX, ARCH_PRCTL);
    a.mov32(Assembler.RDI, REQUEST_STATE);
    a.mov32(Assembler.RSI, TILE_DATA);
    a.syscall();
    a.store32(Mem.at(Assembler.R8, 0), Assembler.RAX);
    a.ret();
    long code = CodeMemory.place(a.finish());
    if (code == 0) {
      return false;
    }
    NativeCode.call(code, block.address());
    return block.get(ValueLayout.JAVA_INT, 0) == 0;
  }

  private static byte[] code() {
    Assembler a = new Assembler();
    a.push(Assembler.RBX);
    a.load32(Assembler.RAX, Mem.at(Assembler.RDI, 0));
    a.load32(Assembler.RCX, Mem.at(Assembler.RDI, 4));
    a.cpuid();
    a.store32(Mem.at(Assembler.RDI, 0), Assembler.RAX);
    a.store32(Mem.at(Assembler.RDI, 4), Assembler.RBX);
    a.store32(Mem.at(Assembler.RDI, 8), Assembler.RCX);
    a.store32(Mem.at(Assembler.RDI, 12), Assembler.RDX);
    a.pop(Assembler.RBX);
    a.ret();
    return a.finish();
  }

  private static byte[] xgetbvCode() {
    Assembler a = new Assembler();
    a.mov32(Assembler.RCX, 0);
    a.xgetbv();
    a.store32(Mem.at(Assembler.RDI, 0), Assembler.RAX);
    a.ret();
    return a.finish();
  }
}
