package dev.lamina.vulkan;

import dev.lamina.vulkan.Pipelines.Kernel;

/**
 * How workgroups share a matrix product.
 *
 * @param tiled whether tiles go through shared memory; else teams of invocations have rows of their
 *     own
 * @param workgroup invocations of a workgroup
 * @param team invocations of a team
 * @param subgroup the size of subgroups that teams are, or 0 where they are not
 * @param rows rows of a team, or of a tile
 * @param tokens vectors of a team, or of a tile
 * @param subRows rows of an invocation in a tile
 * @param subTokens vectors of an invocation in a tile
 */
record MatrixShape(
    boolean tiled,
    int workgroup,
    int team,
    int subgroup,
    int rows,
    int tokens,
    int subRows,
    int subTokens) {
  /** The most vectors for which teams are used: a tile would be mostly empty. */
  static final int MOST_VECTORS = 8;

  private static final int WORKGROUP = 128;
  private static final int PLAIN_TEAM = 32;

  /** The shape for products with at most so many vectors. */
  static MatrixShape of(VulkanDevice device, int tokens) {
    if (tokens <= MOST_VECTORS) {
      int vectors = tokens <= 2 ? tokens : tokens <= 4 ? 4 : 8;
      int subgroup = device.subgroup();
      int team = subgroup > 0 ? subgroup : PLAIN_TEAM;
      int rows = vectors <= 2 ? 4 : 2;
      return new MatrixShape(false, WORKGROUP, team, subgroup, rows, vectors, 0, 0);
    }
    if (tokens <= 32 || device.sharedMemory() < 32768) {
      return new MatrixShape(true, WORKGROUP, 0, 0, 64, 32, 4, 4);
    }
    return new MatrixShape(true, WORKGROUP, 0, 0, 64, 64, 8, 4);
  }

  /** Rows of a workgroup. */
  int rowsOfGroup() {
    return tiled ? rows : rows * (workgroup / team);
  }

  /**
   * @param type the weight's type as shaders are named after it
   * @param experts whether a router chooses among matrices
   */
  Kernel kernel(String type, boolean experts) {
    if (tiled) {
      return Kernel.of(
          "matmul_" + type, workgroup, rows, tokens, subRows, subTokens, experts ? 1 : 0);
    }
    Kernel kernel =
        Kernel.of(
            (subgroup > 0 ? "matvec_" : "matvec_plain_") + type,
            workgroup,
            team,
            rows,
            tokens,
            experts ? 1 : 0);
    return new Kernel(kernel.shader(), kernel.constants(), subgroup);
  }
}
