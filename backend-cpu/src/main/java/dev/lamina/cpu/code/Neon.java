package dev.lamina.cpu.code;

/**
 * Instructions on vectors of 128 bits that {@link ArmAssembler} writes, each with one arrangement
 * of lanes, by their coding with all registers zero (Arm Architecture Reference Manual, C7).
 */
public enum Neon {
  AND(0x4e201c00, Form.THREE, "and", "16b", "16b"),
  ORR(0x4ea01c00, Form.THREE, "orr", "16b", "16b"),
  EOR(0x6e201c00, Form.THREE, "eor", "16b", "16b"),
  /** Takes those bits of the first source of which the second has a one. */
  BIT(0x6ea01c00, Form.THREE, "bit", "16b", "16b"),
  ADD_4S(0x4ea08400, Form.THREE, "add", "4s", "4s"),
  SUB_4S(0x6ea08400, Form.THREE, "sub", "4s", "4s"),
  MUL_4S(0x4ea09c00, Form.THREE, "mul", "4s", "4s"),
  ADD_16B(0x4e208400, Form.THREE, "add", "16b", "16b"),
  MUL_16B(0x4e209c00, Form.THREE, "mul", "16b", "16b"),
  /** All ones where the first is not below the second. */
  CMHS_16B(0x6e203c00, Form.THREE, "cmhs", "16b", "16b"),
  UMAX_4S(0x6ea06400, Form.THREE, "umax", "4s", "4s"),
  SMAX_4S(0x4ea06400, Form.THREE, "smax", "4s", "4s"),
  FADD(0x4e20d400, Form.THREE, "fadd", "4s", "4s"),
  FMUL(0x6e20dc00, Form.THREE, "fmul", "4s", "4s"),
  FDIV(0x6e20fc00, Form.THREE, "fdiv", "4s", "4s"),
  FMLA(0x4e20cc00, Form.THREE, "fmla", "4s", "4s"),
  UZP1_8H(0x4e401800, Form.THREE, "uzp1", "8h", "8h"),
  UZP1_16B(0x4e001800, Form.THREE, "uzp1", "16b", "16b"),
  /** Sums of four products of signed bytes, added to each lane: needs dotprod. */
  SDOT(0x4e809400, Form.THREE, "sdot", "4s", "16b"),
  /** Bytes of a table of 16, named by the second source. */
  TBL(0x4e000000, Form.TABLE, "tbl", "16b", "16b"),

  SCVTF(0x4e21d800, Form.TWO, "scvtf", "4s", "4s"),
  /** To integers, to the nearest, ties to even. */
  FCVTNS(0x4e21a800, Form.TWO, "fcvtns", "4s", "4s"),
  NEG_16B(0x6e20b800, Form.TWO, "neg", "16b", "16b"),
  FABS(0x4ea0f800, Form.TWO, "fabs", "4s", "4s"),
  /** Four float16 of the low half. */
  FCVTL(0x0e217800, Form.TWO, "fcvtl", "4s", "4h"),
  SQXTN_4H(0x0e614800, Form.TWO, "sqxtn", "4h", "4s"),
  SQXTN2_8H(0x4e614800, Form.TWO, "sqxtn2", "8h", "4s"),
  SQXTN_8B(0x0e214800, Form.TWO, "sqxtn", "8b", "8h"),
  SQXTN2_16B(0x4e214800, Form.TWO, "sqxtn2", "16b", "8h"),
  /** Zero-extends the eight bytes of the low half. */
  UXTL_8H(0x2f08a400, Form.TWO, "uxtl", "8h", "8b"),
  /** Zero-extends the four halves of the low half. */
  UXTL_4S(0x2f10a400, Form.TWO, "uxtl", "4s", "4h"),
  /** The largest lane as the first, the others zero. */
  UMAXV(0x6eb0a800, Form.ACROSS, "umaxv", "", "4s"),
  /** The sum of the lanes as the first, the others zero. */
  ADDV(0x4eb1b800, Form.ACROSS, "addv", "", "4s"),

  USHR_16B(0x6f000400, Form.RIGHT, "ushr", "16b", "16b"),
  USHR_4S(0x6f000400, Form.RIGHT, "ushr", "4s", "4s"),
  SSHR_4S(0x4f000400, Form.RIGHT, "sshr", "4s", "4s"),
  SHL_16B(0x4f005400, Form.LEFT, "shl", "16b", "16b"),
  SHL_4S(0x4f005400, Form.LEFT, "shl", "4s", "4s"),
  /** Shifts to the left and keeps the target's bits below. */
  SLI_16B(0x6f005400, Form.LEFT, "sli", "16b", "16b"),
  SLI_4S(0x6f005400, Form.LEFT, "sli", "4s", "4s"),

  /** {@link #SDOT} with one dword of the second source for all lanes. */
  SDOT_ELEMENT(0x4f80e000, Form.ELEMENT, "sdot", "4s", "16b"),
  FMUL_ELEMENT(0x4f809000, Form.ELEMENT, "fmul", "4s", "4s"),
  FMLA_ELEMENT(0x4f801000, Form.ELEMENT, "fmla", "4s", "4s"),
  FMLS_ELEMENT(0x4f805000, Form.ELEMENT, "fmls", "4s", "4s");

  /** What operands an instruction has. */
  enum Form {
    THREE,
    /** The first source is a table. */
    TABLE,
    TWO,
    /** Two, where the target is a scalar. */
    ACROSS,
    /** Two, and by how much to shift. */
    RIGHT,
    LEFT,
    /** Three, and the lane of the last. */
    ELEMENT
  }

  final int code;
  final Form form;
  final String mnemonic;

  /** Lanes of the target, as GNU as writes them. */
  final String target;

  /** Lanes of the sources. */
  final String source;

  Neon(int code, Form form, String mnemonic, String target, String source) {
    this.code = code;
    this.form = form;
    this.mnemonic = mnemonic;
    this.target = target;
    this.source = source;
  }

  /** Bits of a lane that is shifted. */
  int laneBits() {
    return target.equals("16b") ? 8 : 32;
  }
}
