package dev.lamina.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vector species of this process and the loads that all kernels share. Everything is a constant
 * to the JIT compiler. The system property {@code lamina.cpu.bits} (128, 256 or 512) forces a
 * width; the default is what the processor prefers.
 *
 * <p>Kernels address memory by raw addresses into {@link #ALL}: one segment without a lifetime,
 * whose bounds are constants, so that no liveness check remains in the loops. What keeps an address
 * valid is its owner's business (the weight's mapping, the program's arena).
 */
public final class Simd {
  /** The property that forces the vector width, in bits. */
  public static final String BITS_PROPERTY = "lamina.cpu.bits";

  /** All of memory. */
  @SuppressWarnings("restricted")
  public static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  /**
   * What no address exceeds. Kernels mask the address from which they count, {@code base &
   * ADDRESS}, and so tell the JIT compiler that a small offset on top of it lies within {@link
   * #ALL}: without that, every load in a loop keeps a bounds check or costs a nest of loops that
   * avoids it.
   */
  public static final long ADDRESS = (1L << 56) - 1;

  /** GGUF is little-endian, and so is every processor with the Vector API. */
  public static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

  public static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  public static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  public static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  public static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  public static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

  private static final VectorShape SHAPE = shape();

  public static final VectorSpecies<Float> F = VectorSpecies.of(float.class, SHAPE);
  public static final VectorSpecies<Integer> I = VectorSpecies.of(int.class, SHAPE);

  /** Float lanes: 4, 8 or 16. */
  public static final int LANES = F.length();

  /** Bytes of a vector. */
  public static final int BYTES = LANES * Float.BYTES;

  /** As many bytes as there are float lanes; with 4 lanes there is none so small (null). */
  private static final VectorSpecies<Byte> B =
      LANES == 4
          ? ByteVector.SPECIES_64
          : LANES == 8 ? ByteVector.SPECIES_64 : ByteVector.SPECIES_128;

  private static final VectorSpecies<Short> S =
      LANES == 4
          ? ShortVector.SPECIES_64
          : LANES == 8 ? ShortVector.SPECIES_128 : ShortVector.SPECIES_256;

  /** Shifts that bring byte {@code lane} of a broadcast 4-byte word to the top. */
  private static final IntVector BYTE_TO_TOP =
      IntVector.fromArray(I, new int[] {24, 16, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0);

  private Simd() {}

  private static VectorShape shape() {
    VectorShape preferred = VectorShape.preferredShape();
    int bits = Integer.getInteger(BITS_PROPERTY, Math.min(512, preferred.vectorBitSize()));
    return switch (bits) {
      case 128 -> VectorShape.S_128_BIT;
      case 256 -> VectorShape.S_256_BIT;
      case 512 -> VectorShape.S_512_BIT;
      default -> bits < 128 ? VectorShape.S_128_BIT : preferred;
    };
  }

  /** {@code address & ADDRESS}. */
  public static long bounded(long address) {
    return address & ADDRESS;
  }

  public static FloatVector load(long address) {
    return FloatVector.fromMemorySegment(F, ALL, address, ORDER);
  }

  public static void store(FloatVector v, long address) {
    v.intoMemorySegment(ALL, address, ORDER);
  }

  /** The float at an address in all lanes. */
  public static FloatVector splat(long address) {
    return FloatVector.broadcast(F, ALL.get(FLOAT, address));
  }

  public static float loadFloat(long address) {
    return ALL.get(FLOAT, address);
  }

  public static void storeFloat(long address, float value) {
    ALL.set(FLOAT, address, value);
  }

  /** One float16 as float32. */
  public static float loadHalf(long address) {
    return Float.float16ToFloat(ALL.get(SHORT, address));
  }

  public static IntVector loadInts(long address) {
    return IntVector.fromMemorySegment(I, ALL, address, ORDER);
  }

  /** {@link #LANES} bytes, each sign-extended to a lane. */
  public static IntVector loadBytes(long address) {
    if (LANES == 4) {
      return IntVector.broadcast(I, ALL.get(INT, address))
          .lanewise(VectorOperators.LSHL, BYTE_TO_TOP)
          .lanewise(VectorOperators.ASHR, 24);
    }
    return (IntVector)
        ByteVector.fromMemorySegment(B, ALL, address, ORDER)
            .convertShape(VectorOperators.B2I, I, 0);
  }

  /** {@link #LANES} bytes, each zero-extended to a lane. */
  public static IntVector loadUnsignedBytes(long address) {
    if (LANES == 4) {
      return IntVector.broadcast(I, ALL.get(INT, address))
          .lanewise(VectorOperators.LSHL, BYTE_TO_TOP)
          .lanewise(VectorOperators.LSHR, 24);
    }
    return (IntVector)
        ByteVector.fromMemorySegment(B, ALL, address, ORDER)
            .convertShape(VectorOperators.ZERO_EXTEND_B2I, I, 0);
  }

  /** {@link #LANES} 16-bit words, each zero-extended to a lane. */
  public static IntVector loadUnsignedShorts(long address) {
    return (IntVector)
        ShortVector.fromMemorySegment(S, ALL, address, ORDER)
            .convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0);
  }

  /**
   * The first bytes of a long (lowest first), each zero-extended and converted; with 16 lanes the 8
   * bytes come twice.
   */
  public static FloatVector bytesOf(long bytes) {
    ByteVector b = LongVector.broadcast(LongVector.SPECIES_128, bytes).reinterpretAsBytes();
    return toFloat((IntVector) b.convertShape(VectorOperators.ZERO_EXTEND_B2I, I, 0));
  }

  public static FloatVector toFloat(IntVector v) {
    return (FloatVector) v.convert(VectorOperators.I2F, 0);
  }

  /** {@link #LANES} bfloat16 values. */
  public static FloatVector loadBf16(long address) {
    return loadUnsignedShorts(address).lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
  }

  /** One bfloat16 value. */
  public static float loadBf16Scalar(long address) {
    return Float.intBitsToFloat(ALL.get(SHORT, address) << 16);
  }

  /** {@link #LANES} float16 values. */
  public static FloatVector loadF16(long address) {
    return halfToFloat(loadUnsignedShorts(address));
  }

  /**
   * Float16 bits in the low half of every lane to float32, exactly. The exponent is moved from bias
   * 15 to 127; subnormals are made normal by a subtraction and infinities get the greatest exponent
   * (Giesen, "half to float done quick").
   */
  public static FloatVector halfToFloat(IntVector h) {
    IntVector magnitude = h.and(0x7fff).lanewise(VectorOperators.LSHL, 13);
    IntVector sign = h.and(0x8000).lanewise(VectorOperators.LSHL, 16);
    IntVector rebased = magnitude.add(112 << 23);
    // inf and NaN: exponent 31 becomes 255
    rebased =
        rebased.blend(rebased.add(112 << 23), magnitude.compare(VectorOperators.GE, 0x0f800000));
    // subnormal: with exponent 113 it is 2^-14 (1 + m / 1024); take the 2^-14 away
    FloatVector subnormal =
        rebased.add(1 << 23).reinterpretAsFloats().sub(Float.intBitsToFloat(113 << 23));
    FloatVector value =
        rebased
            .reinterpretAsFloats()
            .blend(subnormal, magnitude.compare(VectorOperators.LT, 0x00800000).cast(F));
    return value.reinterpretAsInts().or(sign).reinterpretAsFloats();
  }

  /** Copies without regard to overlap or alignment. */
  public static void copy(long source, long target, long bytes) {
    MemorySegment.copy(ALL, source, ALL, target, bytes);
  }

  public static void zero(long target, long bytes) {
    ALL.asSlice(target, bytes).fill((byte) 0);
  }
}
