package dev.lamina.vulkan;

import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Op;
import dev.lamina.gguf.GgmlType;

/**
 * How the attention kernel's workgroups share the work for one kind of attention, in steps of at
 * most so many tokens.
 *
 * @param rows query vectors of a workgroup: 1, 4 or 16 where heads are not too wide, so that there
 *     are few kernels to compile
 * @param heads query heads among them
 * @param columns positions that it looks at together
 * @param workgroup its invocations
 * @param rowGroups groups of invocations that have rows of their own when values are summed
 * @param columnGroups groups that have positions of their own then
 * @param quads quads of a value that an invocation has
 */
record AttentionShape(
    int rows, int heads, int columns, int workgroup, int rowGroups, int columnGroups, int quads) {
  private static final int MOST_ROWS = 16;

  /** The most workgroups that one sequence's positions are split over. */
  static final int MOST_SPLITS = 16;

  /** Fewer positions are not split. */
  private static final int SPLIT_FROM = 256;

  /** Enough workgroups to keep a large device busy. */
  private static final int ENOUGH_GROUPS = 128;

  /** Steps of more tokens are not split: they have workgroups enough. */
  static final int MOST_SPLIT_TOKENS = 8;

  static AttentionShape of(Op.Attention op, int tokens, int sharedMemory) {
    KvSpec kv = op.kv();
    int ratio = op.nHead() / kv.nHeadKv();
    // Queries get half of the shared memory.
    int queries = sharedMemory >= 32768 ? 2048 : 1024;
    int most = Math.clamp(Integer.highestOneBit(queries / padded(kv.headDimK())), 1, MOST_ROWS);
    int heads = Math.min(ratio, most);
    long wanted = (long) heads * tokens;
    int rows = Math.min(most, wanted <= 1 ? 1 : wanted <= 4 ? 4 : MOST_ROWS);
    int workgroup = rows == 1 ? 64 : 128;
    int quadsOfRow = padded(kv.headDimV()) / 4;
    int groups = Math.max(1, workgroup / quadsOfRow);
    int rowGroups = Math.min(rows, Integer.highestOneBit(groups));
    int columnGroups = groups / rowGroups;
    int quads = (quadsOfRow + workgroup - 1) / workgroup;
    return new AttentionShape(
        rows, heads, rows <= 2 ? 64 : 32, workgroup, rowGroups, columnGroups, quads);
  }

  /** The width that a head's row is padded to. */
  static int padded(int width) {
    return (width + 15) / 16 * 16;
  }

  /** The number by which kernels know a type of pages. */
  static int typeNumber(GgmlType type) {
    return switch (type) {
      case F32 -> 0;
      case F16 -> 1;
      case BF16 -> 2;
      case Q8_0 -> 3;
      case Q4_0 -> 4;
      default -> throw new IllegalArgumentException("no pages of " + type);
    };
  }

  /** The most tokens of a tile. */
  int tokensPerTile() {
    return rows / heads;
  }

  /** The most tiles that a step of so many tokens of so many sequences has. */
  int tiles(int tokens, int sequences) {
    int each = tokensPerTile();
    return Math.min(tokens, (tokens + each - 1) / each + Math.min(sequences, tokens));
  }

  /**
   * The class of a step's length that decides over splits: the power of two of {@link #SPLIT_FROM}
   * positions that its longest sequence has, from 0 on.
   */
  static int lengthClass(int tokens, int longest) {
    if (tokens > MOST_SPLIT_TOKENS) {
      return 0;
    }
    int n = 0;
    while (n < 4 && longest >= SPLIT_FROM << n + 1) {
      n++;
    }
    return n;
  }

  /** Over how many workgroups the positions are split. */
  static int splits(Op.Attention op, int groups, int lengthClass) {
    int length = SPLIT_FROM << lengthClass;
    if (op.window() > 0) {
      length = Math.min(length, op.window());
    }
    int splits = 1;
    while (splits < MOST_SPLITS
        && splits * 2 * groups <= 2 * ENOUGH_GROUPS
        && length / (splits * 2) >= SPLIT_FROM / 2
        && lengthClass > 0) {
      splits *= 2;
    }
    return splits;
  }

  /** Bytes of the sums of splits. */
  static long partialBytes(Op.Attention op, int maxTokens) {
    long vectors = (long) Math.min(maxTokens, MOST_SPLIT_TOKENS) * op.nHead();
    return vectors * MOST_SPLITS * (padded(op.kv().headDimV()) / 4 + 1) * 16;
  }
}
