package dev.lamina.backend.testing;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.lamina.backend.TensorSpec;
import dev.lamina.gguf.GgmlType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.SplittableRandom;

/**
 * Random tensor data of any type: every bit but those of the scales is random, and scales are such
 * that values are of the order of 1.
 */
public final class RandomBlocks {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Where a block has its float16 scales, and a scale that makes values of the order of 1. */
  private record Scales(float base, int... offsets) {}

  private RandomBlocks() {}

  /** Random data for a weight. */
  public static MemorySegment of(TensorSpec spec, long seed) {
    MemorySegment data = Arena.ofAuto().allocate(spec.bytes(), 64);
    SplittableRandom random = new SplittableRandom(seed);
    long rows = (long) spec.rows() * spec.experts();
    for (long r = 0; r < rows; r++) {
      row(spec, data, r, 1, random);
    }
    return data;
  }

  /** Fills one row, with values {@code factor} times the usual. */
  static void row(
      TensorSpec spec, MemorySegment data, long row, float factor, SplittableRandom random) {
    long at = row * spec.type().rowBytes(spec.cols());
    switch (spec.type()) {
      case F32 -> {
        for (int i = 0; i < spec.cols(); i++) {
          data.set(FLOAT, at + 4L * i, factor * uniform(random));
        }
      }
      case F16 -> {
        for (int i = 0; i < spec.cols(); i++) {
          data.set(SHORT, at + 2L * i, Float.floatToFloat16(factor * uniform(random)));
        }
      }
      case BF16 -> {
        for (int i = 0; i < spec.cols(); i++) {
          int bits = Float.floatToRawIntBits(factor * uniform(random));
          data.set(SHORT, at + 2L * i, (short) (bits >> 16));
        }
      }
      default -> {
        int blockBytes = spec.type().blockBytes();
        long end = at + spec.type().rowBytes(spec.cols());
        for (long block = at; block < end; block += blockBytes) {
          for (int i = 0; i < blockBytes; i++) {
            data.set(JAVA_BYTE, block + i, (byte) random.nextInt());
          }
          scale(spec.type(), data, block, factor, random);
        }
      }
    }
  }

  private static void scale(
      GgmlType type, MemorySegment data, long block, float factor, SplittableRandom random) {
    switch (type) {
      case MXFP4 -> {
        int exponent = factor == 0 ? 0 : 125 + Math.getExponent(factor) + random.nextInt(2);
        data.set(JAVA_BYTE, block, (byte) exponent);
        if (factor == 0) {
          // There is no scale of 0, but there are sixteen-valued codes, and 0 is one of them.
          data.asSlice(block + 1, 16).fill((byte) 0);
        }
      }
      case IQ1_M -> {
        float scale = factor * 0.1f * (0.5f + random.nextFloat());
        setIq1mScale(data, block, Float.floatToFloat16(scale));
      }
      default -> {
        Scales scales = scales(type);
        for (int offset : scales.offsets) {
          float scale = factor * scales.base * (0.5f + random.nextFloat());
          data.set(SHORT, block + offset, Float.floatToFloat16(scale));
        }
      }
    }
  }

  /** Sets all scales (or values) of one block to the float16 with these bits. */
  static void setScale(GgmlType type, MemorySegment data, long block, short half) {
    switch (type) {
      case F32 -> data.set(FLOAT, block, Float.float16ToFloat(half));
      case F16 -> data.set(SHORT, block, half);
      case BF16 -> {
        int bits = Float.floatToRawIntBits(Float.float16ToFloat(half));
        data.set(SHORT, block, (short) (bits >> 16));
      }
      case MXFP4 -> throw new IllegalArgumentException("an exponent is no float16");
      case IQ1_M -> setIq1mScale(data, block, half);
      default -> {
        for (int offset : scales(type).offsets) {
          data.set(SHORT, block + offset, half);
        }
      }
    }
  }

  /** IQ1_M keeps its float16 in the upper four bits of four 16-bit words. */
  private static void setIq1mScale(MemorySegment data, long block, short half) {
    for (int i = 0; i < 4; i++) {
      long at = block + 48 + 2 * i;
      int rest = data.get(SHORT, at) & 0x0fff;
      data.set(SHORT, at, (short) (rest | (half >> 4 * i & 15) << 12));
    }
  }

  private static Scales scales(GgmlType type) {
    return switch (type) {
      case Q4_0 -> new Scales(0.2f, 0);
      case Q4_1 -> new Scales(0.1f, 0, 2);
      case Q5_0 -> new Scales(0.1f, 0);
      case Q5_1 -> new Scales(0.05f, 0, 2);
      case Q8_0 -> new Scales(0.01f, 0);
      case Q2_K -> new Scales(0.05f, 80, 82);
      case Q3_K -> new Scales(0.02f, 108);
      case Q4_K -> new Scales(0.004f, 0, 2);
      case Q5_K -> new Scales(0.002f, 0, 2);
      case Q6_K -> new Scales(0.001f, 208);
      case IQ1_S -> new Scales(0.1f, 0);
      case IQ2_XXS, IQ2_XS, IQ2_S -> new Scales(0.03f, 0);
      case IQ3_XXS -> new Scales(0.01f, 0);
      case IQ3_S -> new Scales(0.01f, 0);
      case IQ4_NL -> new Scales(0.02f, 0);
      case IQ4_XS -> new Scales(0.001f, 0);
      case TQ1_0 -> new Scales(1, 52);
      case TQ2_0 -> new Scales(1, 64);
      case F32, F16, BF16, IQ1_M, MXFP4, I8, I16, I32, I64, F64 ->
          throw new IllegalArgumentException(type + " has no float16 scales in its blocks");
    };
  }

  private static float uniform(SplittableRandom random) {
    return 2 * random.nextFloat() - 1;
  }
}
