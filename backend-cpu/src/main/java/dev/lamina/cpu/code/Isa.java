package dev.lamina.cpu.code;

import java.util.Locale;

/** The instruction sets that kernels are made for, the best last. */
public enum Isa {
  /** AVX2, FMA and F16C. */
  AVX2("AVX2", 256),
  /** The same with VNNI in VEX coding. */
  AVX_VNNI("AVX-VNNI", 256),
  /** AVX-512 F, BW, DQ, VL and VNNI. */
  AVX512_VNNI("AVX-512 VNNI", 512),
  /** The same, and the tiles of AMX with products of bytes. */
  AMX_INT8("AVX-512 VNNI, AMX", 512);

  /** The property that forces one by its name in lower case, or {@code off}. */
  public static final String PROPERTY = "lamina.cpu.code";

  private final String label;
  private final int bits;

  Isa(String label, int bits) {
    this.label = label;
    this.bits = bits;
  }

  /** Its usual name. */
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

  /** What is to be used here: an instruction set, or the reason for none. */
  public record Choice(Isa isa, String reason) {}

  /** The best that this processor and system have, or what the property asks for. */
  public static Choice choose() {
    String asked = System.getProperty(PROPERTY, "").toUpperCase(Locale.ROOT);
    if (asked.equals("OFF")) {
      return new Choice(null, "the property " + PROPERTY + " is off");
    }
    String reason = CodeMemory.reason();
    if (reason != null) {
      return new Choice(null, reason);
    }
    CpuId cpu = CpuId.read();
    if (cpu == null) {
      return new Choice(null, "the system does not let memory be made executable");
    }
    Isa best = best(cpu);
    if (best == null) {
      return new Choice(null, "the processor has no AVX2 with FMA and F16C");
    }
    if (asked.isEmpty()) {
      return new Choice(best, null);
    }
    for (Isa isa : values()) {
      if (isa.name().equals(asked)) {
        return isa.runsOn(cpu)
            ? new Choice(isa, null)
            : new Choice(null, "the processor has no " + isa.label);
      }
    }
    return new Choice(
        null, PROPERTY + " is none of off, avx2, avx_vnni, avx512_vnni, amx_int8: " + asked);
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

  private static Isa best(CpuId cpu) {
    Isa best = null;
    for (Isa isa : values()) {
      if (isa.runsOn(cpu)) {
        best = isa;
      }
    }
    return best;
  }
}
