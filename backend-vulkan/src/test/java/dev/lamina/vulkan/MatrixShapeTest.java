package dev.lamina.vulkan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.gguf.GgmlType;
import dev.lamina.vulkan.MatrixShape.Way;
import org.junit.jupiter.api.Test;

/** Which kernels devices of different abilities get. */
class MatrixShapeTest {
  private static final Products.MatrixSize SMALL = new Products.MatrixSize(16, 16, 16);

  private static Abilities abilities(
      int subgroup, boolean integers, boolean halves, Products.MatrixSize matrices, int shared) {
    return new Abilities(subgroup, integers, halves, matrices, shared, false, false);
  }

  private static Way way(Abilities abilities, GgmlType type, int tokens) {
    return MatrixShape.of(abilities, type, tokens).way();
  }

  @Test
  void devicesWithoutAnythingHavePlainTeamsAndTiles() {
    Abilities none = abilities(0, false, false, null, 16384);
    for (GgmlType type : TestDevices.TYPES) {
      assertEquals(Way.PLAIN_TEAMS, way(none, type, 1));
      assertEquals(Way.PLAIN_TEAMS, way(none, type, MatrixShape.MOST_VECTORS));
      assertEquals(Way.TILES, way(none, type, MatrixShape.MOST_VECTORS + 1));
      assertEquals(Way.TILES, way(none, type, 512));
    }
  }

  @Test
  void integersAreMultipliedAsSuch() {
    Abilities dots = abilities(32, true, true, null, 32768);
    assertEquals(Way.INTEGER_TEAMS, way(dots, GgmlType.Q4_K, 1));
    assertEquals(Way.INTEGER_TILES, way(dots, GgmlType.Q4_K, 9));
    assertEquals(Way.INTEGER_TILES, way(dots, GgmlType.MXFP4, 512));
    assertEquals(Way.TEAMS, way(dots, GgmlType.F16, 1));
    assertEquals(Way.HALF_TILES, way(dots, GgmlType.F16, 512));
    assertEquals(Way.TILES, way(dots, GgmlType.BF16, 512), "its range is float32's");
    assertEquals(Way.TILES, way(dots, GgmlType.F32, 512));
  }

  @Test
  void matricesComeFirstInTiles() {
    Abilities all = abilities(32, true, true, SMALL, 49152);
    assertEquals(Way.INTEGER_TEAMS, way(all, GgmlType.Q8_0, 8));
    assertEquals(Way.MATRIX_TILES, way(all, GgmlType.Q8_0, 9));
    assertEquals(Way.MATRIX_TILES, way(all, GgmlType.F16, 512));
    assertEquals(Way.TILES, way(all, GgmlType.F32, 512));
  }

  /** Every invocation, or every subgroup, has a part of the tile, and there are no others. */
  @Test
  void partsMakeUpTheTile() {
    for (int subgroup : new int[] {4, 8, 16, 32, 64}) {
      for (Products.MatrixSize matrices : new Products.MatrixSize[] {null, SMALL}) {
        for (boolean integers : new boolean[] {false, true}) {
          Abilities some = abilities(subgroup, integers, true, matrices, 32768);
          for (GgmlType type : TestDevices.TYPES) {
            for (int tokens : new int[] {9, 32, 33, 512}) {
              MatrixShape shape = MatrixShape.of(some, type, tokens);
              int parts = shape.rows() / shape.subRows() * (shape.tokens() / shape.subTokens());
              boolean each = shape.way() != Way.MATRIX_TILES;
              assertEquals(each ? shape.workgroup() : shape.workgroup() / subgroup, parts);
              assertEquals(0, shape.rows() % shape.subRows());
              assertEquals(0, shape.tokens() % shape.subTokens());
              assertTrue(shape.workgroup() <= DeviceFacts.INVOCATIONS, shape.toString());
            }
          }
        }
      }
    }
  }
}
