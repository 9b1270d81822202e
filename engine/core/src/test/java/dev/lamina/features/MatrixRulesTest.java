package dev.lamina.features;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.lamina.backend.Op;
import dev.lamina.backend.Support;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Value;
import dev.lamina.gguf.GgmlType;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MatrixRulesTest {
  /** The I-quants, spelt out: the rules must not depend on how the enum sorts its types. */
  private static final Set<GgmlType> I_QUANTS =
      EnumSet.of(
          GgmlType.IQ1_S,
          GgmlType.IQ1_M,
          GgmlType.IQ2_XXS,
          GgmlType.IQ2_XS,
          GgmlType.IQ2_S,
          GgmlType.IQ3_XXS,
          GgmlType.IQ3_S,
          GgmlType.IQ4_NL,
          GgmlType.IQ4_XS);

  private static final Support SLOW = Support.slow("its own reason");
  private static final Support NO = Support.no("its own refusal");

  @ParameterizedTest
  @EnumSource(GgmlType.class)
  void iQuantsAndOnlyTheyAreNotOfferedOnVulkan(GgmlType type) {
    for (Op op : List.of(matMul(type), expertMatMul(type), embed(type))) {
      for (Support own : List.of(Support.FULL, SLOW, NO)) {
        for (String name : List.of("vulkan", "Vulkan", "VULKAN")) {
          Support answer = MatrixRules.apply(name, op, own);
          if (I_QUANTS.contains(type)) {
            Support.No no = assertInstanceOf(Support.No.class, answer);
            assertEquals(
                type
                    + ": I-quants are not offered on Vulkan; take a K-quant file for a Vulkan"
                    + " device",
                no.reason());
          } else {
            assertSame(own, answer);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(GgmlType.class)
  void iQuantsAreSlowOnTheCpu(GgmlType type) {
    Support answer = MatrixRules.apply("cpu", matMul(type), Support.FULL);
    if (I_QUANTS.contains(type)) {
      assertInstanceOf(Support.Slow.class, answer);
    } else {
      assertSame(Support.FULL, answer);
    }
    assertSame(SLOW, MatrixRules.apply("cpu", matMul(type), SLOW));
    assertSame(NO, MatrixRules.apply("cpu", matMul(type), NO));
  }

  @ParameterizedTest
  @EnumSource(GgmlType.class)
  void otherBackendsSpeakForThemselves(GgmlType type) {
    for (String name : List.of("cuda", "rocm", "opencl", "anything")) {
      for (Support own : List.of(Support.FULL, SLOW, NO)) {
        assertSame(own, MatrixRules.apply(name, matMul(type), own));
      }
    }
  }

  @Test
  void opsWithoutWeightsAreNobodysBusiness() {
    Op add = new Op.Add(value(0, 8), value(1, 8), value(2, 8));
    assertSame(Support.FULL, MatrixRules.apply("vulkan", add, Support.FULL));
  }

  @Test
  void theBiasOfAMatrixCountsToo() {
    Op op =
        new Op.MatMul(
            TensorSpec.matrix("w", GgmlType.Q4_0, 256, 256),
            TensorSpec.vector("b", GgmlType.IQ4_NL, 256),
            value(0, 256),
            value(1, 256));
    assertInstanceOf(Support.No.class, MatrixRules.apply("vulkan", op, Support.FULL));
  }

  private static Op matMul(GgmlType type) {
    return new Op.MatMul(
        TensorSpec.matrix("w", type, 256, 256), null, value(0, 256), value(1, 256));
  }

  private static Op expertMatMul(GgmlType type) {
    return new Op.ExpertMatMul(
        TensorSpec.experts("w", type, 256, 256, 4), 2, value(0, 4), value(1, 256), value(2, 512));
  }

  private static Op embed(GgmlType type) {
    return new Op.Embed(TensorSpec.embedding("w", type, 256, 256), value(0, 256));
  }

  private static Value value(int id, int width) {
    return new Value(id, width, Value.Rows.TOKENS);
  }
}
