package dev.lamina.vulkan;

import dev.lamina.gguf.GgmlType;
import dev.lamina.vulkan.Pipelines.Kernel;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * How workgroups share a matrix product.
 *
 * @param way how it is taken
 * @param workgroup invocations of a workgroup
 * @param team invocations of a team
 * @param subgroup the size of subgroups that teams are, or 0 where they are not
 * @param rows rows of a team, or of a tile
 * @param tokens vectors of a team, or of a tile
 * @param subRows rows of an invocation in a tile, or of a subgroup in one of small matrices
 * @param subTokens vectors of the same
 * @param matrices the small matrices, or null
 */
record MatrixShape(
    Way way,
    int workgroup,
    int team,
    int subgroup,
    int rows,
    int tokens,
    int subRows,
    int subTokens,
    Products.MatrixSize matrices) {
  /** How a product is taken, and what vectors it wants. */
  enum Way {
    /** Teams of invocations have rows of their own. */
    TEAMS("matvec_"),
    /** The same without subgroups. */
    PLAIN_TEAMS("matvec_plain_"),
    /** Teams multiply the weights' integers with vectors rounded to bytes. */
    INTEGER_TEAMS("matvec_integer_"),
    /** Tiles go through shared memory, with four bytes of the same kind multiplied at once. */
    INTEGER_TILES("matmul_integer_"),
    /** Tiles of float32 numbers. */
    TILES("matmul_"),
    /** Tiles of float16 numbers, with vectors of such. */
    HALF_TILES("matmul_halves_"),
    /** The same as small matrices of float16 numbers, with vectors of such. */
    MATRIX_TILES("matmul_cooperative_");

    private final String kernels;

    Way(String kernels) {
      this.kernels = kernels;
    }

    boolean tiled() {
      return switch (this) {
        case TEAMS, PLAIN_TEAMS, INTEGER_TEAMS -> false;
        case INTEGER_TILES, TILES, HALF_TILES, MATRIX_TILES -> true;
      };
    }
  }

  /** The most vectors for which teams are used: a tile would be mostly empty. */
  static final int MOST_VECTORS = 8;

  /** The least rows and vectors that a subgroup has in a tile of small matrices. */
  static final int LEAST_PART = 16;

  private static final int WORKGROUP = 128;
  private static final int PLAIN_TEAM = 32;
  private static final int TILE = 64;

  /** Rows and vectors of an invocation in small tiles. */
  private static final int SMALL_PART = 2;

  /** The shape for products of weights of a type with at most so many vectors. */
  static MatrixShape of(Abilities abilities, GgmlType type, int tokens) {
    int subgroup = abilities.subgroup();
    if (tokens <= MOST_VECTORS) {
      int vectors = tokens <= 2 ? tokens : tokens <= 4 ? 4 : 8;
      int team = subgroup > 0 ? subgroup : PLAIN_TEAM;
      int rows = vectors <= 2 ? 4 : 2;
      Way way =
          subgroup == 0
              ? Way.PLAIN_TEAMS
              : abilities.integers() && isInteger(type) ? Way.INTEGER_TEAMS : Way.TEAMS;
      return new MatrixShape(way, WORKGROUP, team, subgroup, rows, vectors, 0, 0, null);
    }
    int columns = tokens <= 32 ? 32 : TILE;
    if (abilities.matrices() != null && isNarrow(type)) {
      return matrixTiles(subgroup, columns, abilities.matrices());
    }
    Way way =
        abilities.integers() && isInteger(type)
            ? Way.INTEGER_TILES
            : abilities.halves() && isNarrow(type) ? Way.HALF_TILES : Way.TILES;
    if (abilities.small()) {
      int rows = WORKGROUP * SMALL_PART * SMALL_PART / 32;
      return new MatrixShape(way, WORKGROUP, 0, 0, rows, 32, SMALL_PART, SMALL_PART, null);
    }
    if (way == Way.TILES && abilities.sharedMemory() < 32768) {
      columns = 32;
    }
    int subTokens = 4;
    int subRows = TILE * columns / (WORKGROUP * subTokens);
    return new MatrixShape(way, WORKGROUP, 0, 0, TILE, columns, subRows, subTokens, null);
  }

  /** Halves a tile, its longer side first, until each subgroup has one part. */
  private static MatrixShape matrixTiles(int subgroup, int columns, Products.MatrixSize size) {
    int subRows = TILE;
    int subTokens = columns;
    int workgroup = subgroup;
    while (workgroup < WORKGROUP && (subRows > LEAST_PART || subTokens > LEAST_PART)) {
      if (subRows >= subTokens) {
        subRows /= 2;
      } else {
        subTokens /= 2;
      }
      workgroup *= 2;
    }
    return new MatrixShape(
        Way.MATRIX_TILES, workgroup, 0, subgroup, TILE, columns, subRows, subTokens, size);
  }

  /** Bytes of shared memory of a workgroup for tiles of small matrices. */
  static int sharedForMatrices(int subgroup, Products.MatrixSize size) {
    if (size == null || subgroup == 0) {
      return Integer.MAX_VALUE;
    }
    int subgroups = WORKGROUP / subgroup;
    return 2 * TILE * (32 + 8) * 2 + 4 * subgroups * size.m() * size.n() + 8 * TILE;
  }

  /** Whether blocks are integers with scales. */
  static boolean isInteger(GgmlType type) {
    return type != GgmlType.F32 && type != GgmlType.F16 && type != GgmlType.BF16;
  }

  /** Whether weights can be float16 numbers. */
  static boolean isNarrow(GgmlType type) {
    return type != GgmlType.F32 && type != GgmlType.BF16;
  }

  /** Rows of a workgroup. */
  int rowsOfGroup() {
    return way.tiled() ? rows : rows * (workgroup / team);
  }

  /**
   * The kernel.
   *
   * @param type the weight's type
   * @param experts whether a router chooses among matrices
   */
  Kernel kernel(GgmlType type, boolean experts) {
    List<Integer> constants = new ArrayList<>();
    constants.add(workgroup);
    if (!way.tiled()) {
      constants.add(team);
    }
    constants.add(rows);
    constants.add(tokens);
    if (way.tiled()) {
      constants.add(subRows);
      constants.add(subTokens);
    }
    constants.add(experts ? 1 : 0);
    if (matrices != null) {
      constants.addAll(List.of(matrices.m(), matrices.n(), matrices.k()));
    }
    return new Kernel(
        way.kernels + type.name().toLowerCase(Locale.ROOT), List.copyOf(constants), subgroup);
  }
}
