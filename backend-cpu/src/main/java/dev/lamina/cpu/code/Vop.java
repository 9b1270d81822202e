package dev.lamina.cpu.code;

/**
 * The vector instructions in use: opcode, prefixes, and how the memory operand's displacement is
 * scaled under EVEX. Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume
 * 2.
 */
public enum Vop {
  VMOVUPS(0, 1, 0x10, Tuple.FULL_MEM, Form.TWO, Coding.BOTH),
  VMOVUPS_STORE(0, 1, 0x11, Tuple.FULL_MEM, Form.TWO, Coding.BOTH),
  VMOVSS_STORE(2, 1, 0x11, Tuple.SCALAR, Form.TWO, Coding.BOTH),
  VPBROADCASTD(1, 2, 0x58, Tuple.SCALAR, Form.TWO, Coding.BOTH),
  VCVTPH2PS(1, 2, 0x13, Tuple.HALF_MEM, Form.TWO, Coding.BOTH),
  VCVTDQ2PS(0, 1, 0x5b, Tuple.FULL, Form.TWO, Coding.BOTH),
  VCVTPS2DQ(1, 1, 0x5b, Tuple.FULL, Form.TWO, Coding.BOTH),
  VPMOVZXBD(1, 2, 0x31, Tuple.QUARTER_MEM, Form.TWO, Coding.BOTH),
  VPMOVSXBD(1, 2, 0x21, Tuple.QUARTER_MEM, Form.TWO, Coding.BOTH),
  VPMOVZXWD(1, 2, 0x33, Tuple.HALF_MEM, Form.TWO, Coding.BOTH),
  VADDPS(0, 1, 0x58, Tuple.FULL, Form.THREE, Coding.BOTH),
  VMULPS(0, 1, 0x59, Tuple.FULL, Form.THREE, Coding.BOTH),
  VSUBPS(0, 1, 0x5c, Tuple.FULL, Form.THREE, Coding.BOTH),
  VMINPS(0, 1, 0x5d, Tuple.FULL, Form.THREE, Coding.BOTH),
  VMAXPS(0, 1, 0x5f, Tuple.FULL, Form.THREE, Coding.BOTH),
  VFMADD213PS(1, 2, 0xa8, Tuple.FULL, Form.THREE, Coding.BOTH),
  VSQRTPS(0, 1, 0x51, Tuple.FULL, Form.TWO, Coding.BOTH),
  VDIVPS(0, 1, 0x5e, Tuple.FULL, Form.THREE, Coding.BOTH),
  VFMADD231PS(1, 2, 0xb8, Tuple.FULL, Form.THREE, Coding.BOTH),
  VFNMADD231PS(1, 2, 0xbc, Tuple.FULL, Form.THREE, Coding.BOTH),
  VPAND(1, 1, 0xdb, Tuple.FULL, Form.THREE, Coding.BOTH),
  VPANDN(1, 1, 0xdf, Tuple.FULL, Form.THREE, Coding.BOTH),
  VPOR(1, 1, 0xeb, Tuple.FULL, Form.THREE, Coding.BOTH),
  VPXOR(1, 1, 0xef, Tuple.FULL, Form.THREE, Coding.BOTH),
  VPADDD(1, 1, 0xfe, Tuple.FULL, Form.THREE, Coding.BOTH),
  VPSUBD(1, 1, 0xfa, Tuple.FULL, Form.THREE, Coding.BOTH),
  VPSUBB(1, 1, 0xf8, Tuple.FULL_MEM, Form.THREE, Coding.BOTH),
  VPADDW(1, 1, 0xfd, Tuple.FULL_MEM, Form.THREE, Coding.BOTH),
  VPABSB(1, 2, 0x1c, Tuple.FULL_MEM, Form.TWO, Coding.BOTH),
  VPSIGNB(1, 2, 0x08, Tuple.FULL_MEM, Form.THREE, Coding.VEX),
  VPMINSD(1, 2, 0x39, Tuple.FULL, Form.THREE, Coding.BOTH),
  VPMAXSD(1, 2, 0x3d, Tuple.FULL, Form.THREE, Coding.BOTH),
  VPMAXUD(1, 2, 0x3f, Tuple.FULL, Form.THREE, Coding.BOTH),
  VPMULLW(1, 1, 0xd5, Tuple.FULL_MEM, Form.THREE, Coding.BOTH),
  VPMULHUW(1, 1, 0xe4, Tuple.FULL_MEM, Form.THREE, Coding.BOTH),
  VPMULLD(1, 2, 0x40, Tuple.FULL, Form.THREE, Coding.BOTH),
  VPDPBUSD(1, 2, 0x50, Tuple.FULL, Form.THREE, Coding.BOTH),
  VPMADDUBSW(1, 2, 0x04, Tuple.FULL_MEM, Form.THREE, Coding.BOTH),
  VPMADDWD(1, 1, 0xf5, Tuple.FULL_MEM, Form.THREE, Coding.BOTH),
  VPSHUFB(1, 2, 0x00, Tuple.FULL_MEM, Form.THREE, Coding.BOTH),
  VPACKSSDW(1, 1, 0x6b, Tuple.FULL, Form.THREE, Coding.BOTH),
  VPACKSSWB(1, 1, 0x63, Tuple.FULL_MEM, Form.THREE, Coding.BOTH),
  VPACKUSDW(1, 2, 0x2b, Tuple.FULL, Form.THREE, Coding.BOTH),
  VPACKUSWB(1, 1, 0x67, Tuple.FULL_MEM, Form.THREE, Coding.BOTH),
  VPHADDD(1, 2, 0x02, Tuple.FULL_MEM, Form.THREE, Coding.VEX),
  VPERMD(1, 2, 0x36, Tuple.FULL, Form.THREE, Coding.BOTH),
  VPCMPEQD(1, 1, 0x76, Tuple.FULL, Form.THREE, Coding.VEX),
  VPGATHERDD(1, 2, 0x90, Tuple.SCALAR, Form.THREE, Coding.VEX),
  VPSHUFD(1, 1, 0x70, Tuple.FULL, Form.TWO, Coding.BOTH),
  VPERMQ(1, 3, 0x00, Tuple.FULL, Form.TWO, Coding.VEX_W1),
  VEXTRACTI128(1, 3, 0x39, Tuple.HALF_MEM, Form.TWO, Coding.VEX),
  VCVTPS2PH(1, 3, 0x1d, Tuple.HALF_MEM, Form.TWO, Coding.BOTH),
  VPEXTRW(1, 3, 0x15, Tuple.SCALAR, Form.TWO, Coding.VEX),
  VEXTRACTI32X8(1, 3, 0x3b, Tuple.HALF_MEM, Form.TWO, Coding.EVEX),
  VPTERNLOGD(1, 3, 0x25, Tuple.FULL, Form.THREE, Coding.EVEX),
  VREDUCEPS(1, 3, 0x56, Tuple.FULL, Form.TWO, Coding.EVEX),
  VSCALEFPS(1, 2, 0x2c, Tuple.FULL, Form.THREE, Coding.EVEX),
  VPSRLD(1, 1, 0x72, 2, Tuple.FULL),
  VPSRAD(1, 1, 0x72, 4, Tuple.FULL),
  VPSLLD(1, 1, 0x72, 6, Tuple.FULL);

  /** What a displacement of one byte is counted in under EVEX. */
  enum Tuple {
    /** The vector, or 4 bytes where those are broadcast. */
    FULL,
    FULL_MEM,
    HALF_MEM,
    QUARTER_MEM,
    /** One value of 4 bytes. */
    SCALAR
  }

  enum Form {
    /** {@code op target, source}. */
    TWO,
    /** {@code op target, first, second}. */
    THREE,
    /** {@code op target, source, immediate}: the target is in the prefix. */
    SHIFT
  }

  enum Coding {
    BOTH,
    VEX,
    VEX_W1,
    EVEX
  }

  final int prefix;
  final int map;
  final int opcode;

  /** What stands in the register field of a {@link Form#SHIFT}. */
  final int extension;

  final Tuple tuple;
  final Form form;
  final Coding coding;

  Vop(int prefix, int map, int opcode, Tuple tuple, Form form, Coding coding) {
    this.prefix = prefix;
    this.map = map;
    this.opcode = opcode;
    this.extension = 0;
    this.tuple = tuple;
    this.form = form;
    this.coding = coding;
  }

  Vop(int prefix, int map, int opcode, int extension, Tuple tuple) {
    this.prefix = prefix;
    this.map = map;
    this.opcode = opcode;
    this.extension = extension;
    this.tuple = tuple;
    this.form = Form.SHIFT;
    this.coding = Coding.BOTH;
  }

  boolean hasVex() {
    return coding != Coding.EVEX;
  }

  boolean hasEvex() {
    return coding != Coding.VEX && coding != Coding.VEX_W1;
  }

  int wide() {
    return coding == Coding.VEX_W1 ? 1 : 0;
  }
}
