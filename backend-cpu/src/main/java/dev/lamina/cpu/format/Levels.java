package dev.lamina.cpu.format;

import static dev.lamina.cpu.simd.Simd.LANES;

import dev.lamina.cpu.simd.Simd;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

/**
 * For types of 4 bits a value that number one of 16 levels. With 16 lanes a vector of floats holds
 * them all; with fewer lanes one of bytes does, and the levels found are converted.
 *
 * <p>32 values lie in 16 bytes: value {@code i} in the low half of byte {@code i}, value {@code i +
 * 16} in its high half.
 */
final class Levels {
  private static final VectorShuffle<Byte> TOPS_0 = tops(0);
  private static final VectorShuffle<Byte> TOPS_1 = tops(1);
  private static final VectorShuffle<Byte> TOPS_2 = tops(2);
  private static final VectorShuffle<Byte> TOPS_3 = tops(3);

  private final IntVector wide;
  private final ByteVector narrow;

  Levels(byte[] levels) {
    narrow = ByteVector.fromArray(ByteVector.SPECIES_128, levels, 0);
    int[] bits = new int[16];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Float.floatToRawIntBits(levels[i]);
    }
    wide = IntVector.fromArray(IntVector.SPECIES_512, bits, 0);
  }

  /** Writes 32 values times {@code d}. */
  void decode(long from, float d, long to) {
    FloatVector scale = FloatVector.broadcast(Simd.F, d);
    if (LANES == 16) {
      IntVector q = Simd.loadUnsignedBytes(from);
      Simd.store(low(q).mul(scale), to);
      Simd.store(high(q).mul(scale), to + 64);
    } else {
      ByteVector q = load(from);
      ByteVector low = low(q);
      ByteVector high = high(q);
      for (int i = 0; i < 16; i += LANES) {
        Simd.store(part(low, i / LANES).mul(scale), to + 4 * i);
        Simd.store(part(high, i / LANES).mul(scale), to + 64 + 4 * i);
      }
    }
  }

  /** The lane-wise product of 32 values with 32 floats, summed to one vector. */
  FloatVector product(long from, long x) {
    if (LANES == 16) {
      IntVector q = Simd.loadUnsignedBytes(from);
      return high(q).fma(Simd.load(x + 64), low(q).mul(Simd.load(x)));
    }
    ByteVector q = load(from);
    ByteVector low = low(q);
    ByteVector high = high(q);
    FloatVector sum = FloatVector.zero(Simd.F);
    for (int i = 0; i < 16; i += LANES) {
      sum = part(low, i / LANES).fma(Simd.load(x + 4 * i), sum);
      sum = part(high, i / LANES).fma(Simd.load(x + 64 + 4 * i), sum);
    }
    return sum;
  }

  private FloatVector low(IntVector q) {
    return q.and(15).selectFrom(wide).reinterpretAsFloats();
  }

  private FloatVector high(IntVector q) {
    return q.lanewise(VectorOperators.LSHR, 4).selectFrom(wide).reinterpretAsFloats();
  }

  private static ByteVector load(long from) {
    return ByteVector.fromMemorySegment(ByteVector.SPECIES_128, Simd.ALL, from, Simd.ORDER);
  }

  private ByteVector low(ByteVector q) {
    return q.and((byte) 15).selectFrom(narrow);
  }

  private ByteVector high(ByteVector q) {
    return q.lanewise(VectorOperators.LSHR, 4).selectFrom(narrow);
  }

  /** Bytes {@code part * LANES} to {@code (part + 1) * LANES} as floats. */
  private static FloatVector part(ByteVector levels, int part) {
    if (LANES == 4) {
      // 4 bytes are no vector; brought to the tops of lanes they need only a shift
      VectorShuffle<Byte> tops =
          switch (part) {
            case 0 -> TOPS_0;
            case 1 -> TOPS_1;
            case 2 -> TOPS_2;
            default -> TOPS_3;
          };
      IntVector top = levels.rearrange(tops).reinterpretAsInts();
      return (FloatVector) top.lanewise(VectorOperators.ASHR, 24).convert(VectorOperators.I2F, 0);
    }
    return Simd.toFloat((IntVector) levels.convertShape(VectorOperators.B2I, Simd.I, part));
  }

  private static VectorShuffle<Byte> tops(int part) {
    return VectorShuffle.fromOp(ByteVector.SPECIES_128, i -> 4 * part + i / 4);
  }
}
