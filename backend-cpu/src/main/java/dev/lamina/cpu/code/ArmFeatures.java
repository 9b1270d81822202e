package dev.lamina.cpu.code;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What Linux says of an AArch64 processor in the auxiliary vector of the process: a bit for each
 * feature that all cores have and the system supports ({@code
 * arch/arm64/include/uapi/asm/hwcap.h}).
 *
 * @param asimd Advanced SIMD, which every processor that runs Java has
 * @param dotprod products of four bytes
 * @param i8mm products of matrices of bytes
 * @param sve vectors of a length of the processor's choice
 */
public record ArmFeatures(boolean asimd, boolean dotprod, boolean i8mm, boolean sve) {
  private static final long AT_HWCAP = 16;
  private static final long AT_HWCAP2 = 26;
  private static final long ASIMD = 1L << 1;
  private static final long ASIMDDP = 1L << 20;
  private static final long SVE = 1L << 22;
  private static final long I8MM = 1L << 13;

  private static final ArmFeatures HERE =
      Architecture.here() == Architecture.AARCH64 ? ask() : null;

  /** This processor's, or null where it is another one or the system is not Linux. */
  public static ArmFeatures read() {
    return HERE;
  }

  private static ArmFeatures ask() {
    try {
      return of(Files.readAllBytes(Path.of("/proc/self/auxv")));
    } catch (IOException | RuntimeException e) {
      return null; // not Linux
    }
  }

  /** Reads an auxiliary vector: pairs of a number that says what, and a value. */
  static ArmFeatures of(byte[] auxiliary) {
    ByteBuffer pairs = ByteBuffer.wrap(auxiliary).order(ByteOrder.LITTLE_ENDIAN);
    long first = 0;
    long second = 0;
    while (pairs.remaining() >= 16) {
      long key = pairs.getLong();
      long value = pairs.getLong();
      if (key == AT_HWCAP) {
        first = value;
      } else if (key == AT_HWCAP2) {
        second = value;
      }
    }
    return new ArmFeatures(
        (first & ASIMD) != 0, (first & ASIMDDP) != 0, (second & I8MM) != 0, (first & SVE) != 0);
  }

  /** Names of those that there are, as Linux writes them. */
  public List<String> names() {
    List<String> names = new ArrayList<>();
    if (asimd) {
      names.add("asimd");
    }
    if (dotprod) {
      names.add("asimddp");
    }
    if (i8mm) {
      names.add("i8mm");
    }
    if (sve) {
      names.add("sve");
    }
    return names;
  }
}
