package dev.lamina.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SyntheticWeightsTest {
  private static final int VALUES = 1 << 17;

  static Stream<GgmlType> types() {
    return Arrays.stream(GgmlType.values()).filter(GgmlType::isWeightType);
  }

  private static byte[] fill(GgmlType type, long seed, float deviation) {
    byte[] bytes = new byte[(int) type.rowBytes(VALUES)];
    SyntheticWeights.fill(type, seed, MemorySegment.ofArray(bytes), deviation);
    return bytes;
  }

  @ParameterizedTest
  @MethodSource("types")
  void valuesHaveTheWantedSpread(GgmlType type) {
    for (float deviation : new float[] {0.01f, 0.02f, 1f}) {
      float[] values = new float[VALUES];
      Dequantizer.decode(
          type, MemorySegment.ofArray(fill(type, 7, deviation)), 0, values, 0, VALUES);
      double sum = 0;
      double squares = 0;
      for (float v : values) {
        assertTrue(Float.isFinite(v));
        sum += v;
        squares += (double) v * v;
      }
      assertEquals(1, Math.sqrt(squares / VALUES) / deviation, 0.04, type + " deviation");
      assertEquals(0, sum / VALUES / deviation, 0.03, type + " mean");
    }
  }

  @ParameterizedTest
  @MethodSource("types")
  void theSeedDecides(GgmlType type) {
    byte[] first = fill(type, 1, 0.02f);
    assertTrue(Arrays.equals(first, fill(type, 1, 0.02f)));
    assertFalse(Arrays.equals(first, fill(type, 2, 0.02f)));
  }

  /** A code of 3 would be read as 2 by some kernels and as -1 by none: no quantizer writes it. */
  @Test
  void ternaryDigitsAreBelowThree() {
    float[] values = new float[VALUES];
    for (GgmlType type : new GgmlType[] {GgmlType.TQ1_0, GgmlType.TQ2_0}) {
      MemorySegment bytes = MemorySegment.ofArray(fill(type, 3, 0.02f));
      Dequantizer.decode(type, bytes, 0, values, 0, VALUES);
      for (int i = 0; i < VALUES; i += 256) {
        int at = (int) type.rowBytes(i) + type.blockBytes() - 2;
        float d = Math.abs(Dequantizer.half(bytes, at));
        for (int j = 0; j < 256; j++) {
          assertTrue(Math.abs(values[i + j]) <= d);
        }
      }
    }
  }

  @Test
  void refusesHalfBlocks() {
    MemorySegment odd = MemorySegment.ofArray(new byte[19]);
    assertThrows(
        IllegalArgumentException.class, () -> SyntheticWeights.fill(GgmlType.Q4_0, 1, odd, 1));
    assertThrows(
        IllegalArgumentException.class, () -> SyntheticWeights.fill(GgmlType.I32, 1, odd, 1));
  }
}
