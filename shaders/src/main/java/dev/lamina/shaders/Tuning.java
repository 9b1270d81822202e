package dev.lamina.shaders;

/**
 * What suits a device.
 *
 * @param lanes items that share a row in products with few tokens
 * @param teams such teams in a work-group
 * @param rows rows of a team at one token, or of a panel
 * @param tileTokens tokens of a tile in products with many tokens: 32 or 64; any number in panels
 * @param attentionItems items of an attention group, and keys that it takes at a time: 64 or more
 * @param localBytes local memory of a work-group
 * @param products how products are cut
 */
public record Tuning(
    int lanes,
    int teams,
    int rows,
    int tileTokens,
    int attentionItems,
    int localBytes,
    Products products) {
  /** How products of matrices are cut. */
  public enum Products {
    /** For cards: teams of items that share rows, and tiles in local memory. */
    GROUPS,
    /** For processors: every item makes some rows by itself. */
    PANELS
  }

  /** What suits most cards. */
  public static final Tuning DEFAULT = new Tuning(32, 4, 2, 32, 64, 48 << 10);

  /**
   * For processors behind OpenCL. Items of a work-group are a loop there, and barriers cut it into
   * several, with everything that lives across one in memory: panels have neither. Four rows times
   * four tokens are 16 accumulators, of 32 registers; 128 tokens are worth decoding for, and their
   * values stay in the second cache.
   */
  public static final Tuning PROCESSOR = new Tuning(1, 1, 4, 128, 64, 32768, Products.PANELS);

  /** For cards. */
  public Tuning(
      int lanes, int teams, int rows, int tileTokens, int attentionItems, int localBytes) {
    this(lanes, teams, rows, tileTokens, attentionItems, localBytes, Products.GROUPS);
  }

  /** With the local memory that a device has. */
  public Tuning withLocalBytes(int bytes) {
    return new Tuning(lanes, teams, rows, tileTokens, attentionItems, bytes, products);
  }

  /** With so many items to a row, and so many teams of them. */
  public Tuning withLanes(int items, int groups) {
    return new Tuning(items, groups, rows, tileTokens, attentionItems, localBytes, products);
  }

  /** Steps of more tokens go to tiles. */
  int matvecTokens() {
    return switch (products) {
      case GROUPS -> 8;
      case PANELS -> 1;
    };
  }

  /** Rows of a tile. */
  int tileRows() {
    return switch (products) {
      case GROUPS -> 128;
      case PANELS -> rows;
    };
  }
}
