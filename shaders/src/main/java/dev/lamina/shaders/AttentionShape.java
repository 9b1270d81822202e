package dev.lamina.shaders;

import dev.lamina.backend.Op;
import java.util.List;

/**
 * How the queries of an attention op lie in tiles.
 *
 * @param lanes queries of a tile
 * @param headsInTile query heads of one key head that share a tile
 * @param tokensInTile tokens of one sequence that share a tile
 * @param headParts tiles that the query heads of one key head need
 */
record AttentionShape(int lanes, int headsInTile, int tokensInTile, int headParts) {
  static final int[] LANES = {1, 4, 8, 16};

  /**
   * The shape for steps with one token of each sequence, and the one for runs of tokens; a single
   * one where they are the same.
   */
  static List<AttentionShape> of(Op.Attention op, Tuning tuning) {
    int ratio = op.nHead() / op.kv().nHeadKv();
    int most = LANES[0];
    int narrow = 0;
    for (int lanes : LANES) {
      if (localBytes(op, lanes, tuning) <= tuning.localBytes()) {
        most = lanes;
      }
    }
    for (int lanes : LANES) {
      if (lanes >= ratio && narrow == 0) {
        narrow = lanes;
      }
    }
    narrow = narrow == 0 ? most : Math.min(narrow, most);
    int heads = Math.min(ratio, narrow);
    AttentionShape one = new AttentionShape(narrow, heads, 1, Math.ceilDiv(ratio, heads));
    AttentionShape many =
        new AttentionShape(
            most, Math.min(ratio, most), Math.max(1, most / Math.min(ratio, most)), 0);
    return many.tokensInTile == 1
        ? List.of(one)
        : List.of(
            one,
            new AttentionShape(
                many.lanes,
                many.headsInTile,
                many.tokensInTile,
                Math.ceilDiv(ratio, many.headsInTile)));
  }

  /** Local memory of a group: queries, scores, and what the softmax keeps. */
  private static int localBytes(Op.Attention op, int lanes, Tuning tuning) {
    int items = tuning.attentionItems();
    return Float.BYTES * ((op.kv().headDimK() + items + 4) * lanes + 2 * items);
  }
}
