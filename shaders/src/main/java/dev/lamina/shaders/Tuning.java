package dev.lamina.shaders;

/**
 * What suits a device.
 *
 * @param lanes items that share a row in products with few tokens
 * @param teams such teams in a work-group
 * @param rows rows of a team at one token
 * @param tileTokens tokens of a tile in products with many tokens: 32 or 64
 * @param attentionItems items of an attention group, and keys that it takes at a time: 64 or more
 * @param localBytes local memory of a work-group
 */
public record Tuning(
    int lanes, int teams, int rows, int tileTokens, int attentionItems, int localBytes) {
  /** What suits most cards. */
  public static final Tuning DEFAULT = new Tuning(32, 4, 2, 32, 64, 32768);

  /** With the local memory that a device has. */
  public Tuning withLocalBytes(int bytes) {
    return new Tuning(lanes, teams, rows, tileTokens, attentionItems, bytes);
  }
}
