package dev.lamina.cpu.code;

/** The instruction sets of x86-64 that kernels are made for, the best last. */
public enum Isa implements InstructionSet {
  /** AVX2, FMA and F16C. */
  AVX2("AVX2", 256),
  /** The same with VNNI in VEX coding. */
  AVX_VNNI("AVX-VNNI", 256),
  /** AVX-512 F, BW, DQ, VL and VNNI. */
  AVX512_VNNI("AVX-512 VNNI", 512),
  /** The same, and the tiles of AMX with products of bytes. */
  AMX_INT8("AVX-512 VNNI, AMX", 512);

  private final String label;
  private final int bits;

  Isa(String label, int bits) {
    this.label = label;
    this.bits = bits;
  }

  @Override
  public String label() {
    return label;
  }

  /** Bits of the vectors to use. */
  public int bits() {
    return bits;
  }

  /** Vector registers. */
  public int registers() {
    return bits == 512 ? 32 : 16;
  }

  /** Why this machine runs none of them. */
  static String whyNone() {
    return CpuId.read() == null
        ? "the system does not let memory be made executable"
        : "the processor has no AVX2 with FMA and F16C";
  }

  @Override
  public boolean runsHere() {
    CpuId cpu = CpuId.read();
    return cpu != null && runsOn(cpu);
  }

  /** Whether a processor has all that is needed. */
  public boolean runsOn(CpuId cpu) {
    return switch (this) {
      case AVX2 -> cpu.avx2();
      case AVX_VNNI -> cpu.avx2() && cpu.avxVnni();
      case AVX512_VNNI -> cpu.avx2() && cpu.avx512Vnni();
      case AMX_INT8 -> cpu.avx2() && cpu.avx512Vnni() && cpu.amxInt8();
    };
  }
}
