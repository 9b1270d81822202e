package dev.lamina.cpu.panel;

import static dev.lamina.cpu.code.Assembler.R8;
import static dev.lamina.cpu.code.Assembler.RCX;
import static dev.lamina.cpu.code.Assembler.RDI;
import static dev.lamina.cpu.code.Assembler.RDX;
import static dev.lamina.cpu.code.Assembler.RSI;

import dev.lamina.cpu.code.Assembler;
import dev.lamina.cpu.code.Label;
import dev.lamina.cpu.code.Mem;
import dev.lamina.cpu.code.Splitting;
import dev.lamina.cpu.code.Vop;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Assembles the rounding of activations to the records of an {@link InputFormat}: the scale is the
 * largest magnitude of 32 values by 127, rounded to 11 bits. Needs AVX2. A NaN or an infinity makes
 * the scale of its record one; values below 1e-30 / 254 become zero. For products in float32
 * nothing is rounded: 32 floats are copied to each record, or split to bfloat16 numbers.
 */
final class QuantizeCode {
  // the arguments, by their offsets
  static final int SOURCE = 0;
  static final int TARGET = 8;
  static final int RECORDS = 16;

  /** Bytes from record to record. */
  static final int STEP = 24;

  static final int ARGUMENTS = 32;

  private static final int BITS = 256;
  private static final float SMALLEST = 1e-30f;
  private static final int MOST = 4;
  private static final int T = 5;
  private static final int ORDER = 6;
  private static final int D = 7;

  private final InputFormat format;
  private final Assembler asm = new Assembler();

  private QuantizeCode(InputFormat format) {
    this.format = format;
  }

  static byte[] of(InputFormat format) {
    return new QuantizeCode(format).assemble();
  }

  private static int bits(float value) {
    return Float.floatToRawIntBits(value);
  }

  private byte[] assemble() {
    asm.enter();
    asm.load(RSI, Mem.at(RDI, SOURCE));
    asm.load(RDX, Mem.at(RDI, TARGET));
    asm.load(RCX, Mem.at(RDI, RECORDS));
    asm.load(R8, Mem.at(RDI, STEP));
    ByteBuffer order = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
    for (int dword : new int[] {0, 4, 1, 5, 2, 6, 3, 7}) {
      order.putInt(dword);
    }
    asm.op(Vop.VMOVUPS, BITS, ORDER, asm.vector(order.array()));
    Label record = new Label();
    asm.bind(record);
    if (format.rounded()) {
      scale();
      values();
      sums();
    } else if (format.split()) {
      split();
    } else {
      for (int i = 0; i < 4; i++) {
        asm.op(Vop.VMOVUPS, BITS, i, Mem.at(RSI, 32 * i));
        asm.op(Vop.VMOVUPS_STORE, BITS, i, Mem.at(RDX, 32 * i));
      }
    }
    asm.addImm(RSI, 4 * InputFormat.VALUES);
    asm.add(RDX, R8);
    asm.addImm(RCX, -1);
    asm.jnz(record);
    asm.leave();
    return asm.finish();
  }

  /** Sixteen values at a time; packing goes within halves of 128 bits. */
  private void split() {
    Splitting splitting = new Splitting(asm, BITS, 4, 5);
    for (int half = 0; half < 2; half++) {
      for (int i = 0; i < 2; i++) {
        asm.op(Vop.VMOVUPS, BITS, i, Mem.at(RSI, 64 * half + 32 * i));
      }
      for (int n = 0; n < InputFormat.SPLITS; n++) {
        for (int i = 0; i < 2; i++) {
          splitting.take(2 + i, i, n == InputFormat.SPLITS - 1);
          asm.opImm(Vop.VPSRLD, BITS, 2 + i, 2 + i, 16);
        }
        asm.op(Vop.VPACKUSDW, BITS, 2, 2, 3);
        asm.opImm(Vop.VPERMQ, BITS, 2, 2, 0b11011000);
        asm.op(Vop.VMOVUPS_STORE, BITS, 2, Mem.at(RDX, 2 * InputFormat.VALUES * n + 32 * half));
      }
    }
  }

  /** Magnitudes are compared as integers, where a NaN is the largest of all. */
  private void scale() {
    for (int i = 0; i < 4; i++) {
      asm.op(Vop.VMOVUPS, BITS, i, Mem.at(RSI, 32 * i));
      int magnitude = i == 0 ? MOST : T;
      asm.op(Vop.VPAND, BITS, magnitude, i, asm.splat(0x7fffffff));
      if (i > 0) {
        asm.op(Vop.VPMAXUD, BITS, MOST, MOST, T);
      }
    }
    asm.opImm(Vop.VEXTRACTI128, BITS, MOST, T, 1);
    asm.op(Vop.VPMAXUD, 128, MOST, MOST, T);
    asm.opImm(Vop.VPSHUFD, 128, T, MOST, 0b01001110);
    asm.op(Vop.VPMAXUD, 128, MOST, MOST, T);
    asm.opImm(Vop.VPSHUFD, 128, T, MOST, 0b10110001);
    asm.op(Vop.VPMAXUD, 128, MOST, MOST, T);
    asm.op(Vop.VPMAXUD, 128, MOST, MOST, asm.splat(bits(SMALLEST)));
    asm.op(Vop.VPBROADCASTD, BITS, MOST, MOST);
    asm.op(Vop.VMULPS, BITS, D, MOST, asm.splat(bits(1 / 127f)));
    roundScale();
    asm.op(Vop.VMOVSS_STORE, 128, D, Mem.at(RDX, InputFormat.SCALE));
    asm.op(Vop.VMOVUPS, BITS, T, asm.splat(bits(127)));
    asm.op(Vop.VDIVPS, BITS, T, T, MOST);
  }

  /**
   * Rounds the scale to the 11 bits of a float16, to even, without its limits: ggml keeps it so,
   * and with it products are llama.cpp's.
   */
  private void roundScale() {
    asm.opImm(Vop.VPSRLD, BITS, T, D, 13);
    asm.op(Vop.VPAND, BITS, T, T, asm.splat(1));
    asm.op(Vop.VPADDD, BITS, T, T, asm.splat(0xfff));
    asm.op(Vop.VPADDD, BITS, T, T, D);
    asm.op(Vop.VPAND, BITS, T, T, asm.splat(-1 << 13));
    // zero times what is no number is none, whatever became of its bits
    asm.op(Vop.VMULPS, BITS, D, D, asm.splat(0));
    asm.op(Vop.VADDPS, BITS, D, D, T);
  }

  private void values() {
    for (int i = 0; i < 4; i++) {
      asm.op(Vop.VMULPS, BITS, i, i, T);
      asm.op(Vop.VCVTPS2DQ, BITS, i, i);
    }
    // packs within halves of 128 bits
    asm.op(Vop.VPACKSSDW, BITS, 0, 0, 1);
    asm.op(Vop.VPACKSSDW, BITS, 2, 2, 3);
    asm.op(Vop.VPACKSSWB, BITS, 0, 0, 2);
    asm.op(Vop.VPERMD, BITS, 0, ORDER, 0);
    asm.op(Vop.VMOVUPS_STORE, BITS, 0, Mem.at(RDX, 0));
  }

  private void sums() {
    asm.op(Vop.VMOVUPS, BITS, T, asm.splat(0x01010101));
    asm.op(Vop.VPMADDUBSW, BITS, T, T, 0);
    asm.op(Vop.VPMADDWD, BITS, T, T, asm.splat(Registers.ONES));
    asm.op(Vop.VPHADDD, BITS, T, T, T);
    asm.op(Vop.VPHADDD, BITS, T, T, T);
    asm.opImm(Vop.VEXTRACTI128, BITS, T, 0, 1);
    if (format.part() == InputFormat.VALUES) {
      asm.op(Vop.VPADDD, 128, T, T, 0);
    }
    for (int part = 0; part < InputFormat.VALUES / format.part(); part++) {
      int sum = part == 0 ? T : 0;
      if (format.offset() == 0) {
        asm.op(Vop.VCVTDQ2PS, 128, sum, sum);
        asm.op(Vop.VMULPS, 128, sum, sum, D);
      } else {
        asm.op(Vop.VPMULLD, 128, sum, sum, asm.splat(-format.offset()));
      }
      asm.op(Vop.VMOVSS_STORE, 128, sum, Mem.at(RDX, InputFormat.SUMS + 4 * part));
    }
  }
}
