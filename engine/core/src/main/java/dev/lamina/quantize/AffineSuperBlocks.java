package dev.lamina.quantize;

import static dev.lamina.quantize.Rounding.half;
import static dev.lamina.quantize.Rounding.nearest;
import static dev.lamina.quantize.Rounding.putHalf;

/**
 * Encoding of Q2_K, Q4_K and Q5_K: 256 values in groups, each with a scale and a minimum that are
 * small whole numbers times the float16 scales of the whole.
 */
final class AffineSuperBlocks {
  private static final int BLOCK = 256;

  /** What the three types have in common, in numbers. */
  enum Layout {
    Q2_K(16, 3, 15, 1, 84, new AffineFit.Search(3, -0.5f, 0.1f, 15, true)),
    Q4_K(32, 15, 63, 2, 144, new AffineFit.Search(15, -1f, 0.1f, 20, false)),
    Q5_K(32, 31, 63, 2, 176, new AffineFit.Search(31, -0.5f, 0.1f, 15, false));

    private final int group;
    private final int most;
    private final int mostScale;
    private final int spread;
    private final int bytes;
    private final AffineFit.Search plain;
    private final AffineFit.Search important;

    Layout(int group, int most, int mostScale, int spread, int bytes, AffineFit.Search plain) {
      this.group = group;
      this.most = most;
      this.mostScale = mostScale;
      this.spread = spread;
      this.bytes = bytes;
      this.plain = plain;
      this.important = new AffineFit.Search(most, -0.9f, 0.05f, 36, false);
    }
  }

  private final Layout layout;
  private final int group;
  private final int inBlock;
  private final Groups groups;
  private final AffineFit fit;
  private final float[] weights;
  private final float[] depth = new float[Groups.MOST];
  private final int[] scales = new int[16];
  private final int[] mins = new int[16];
  private final int[] q = new int[BLOCK];

  AffineSuperBlocks(Layout layout) {
    this.layout = layout;
    this.group = layout.group;
    this.inBlock = BLOCK / group;
    this.groups = new Groups(group);
    this.fit = new AffineFit(groups);
    this.weights = new float[group * Groups.MOST];
  }

  void encode(Rows rows) {
    int blocks = rows.values() / BLOCK;
    int atOnce = Groups.MOST / inBlock;
    for (int first = 0; first < blocks; first += atOnce) {
      int n = Math.min(atOnce, blocks - first);
      for (int b = 0; b < n; b++) {
        weigh(rows, (first + b) * BLOCK, b * BLOCK);
      }
      groups.load(rows.x(), rows.from() + first * BLOCK, weights, n * inBlock);
      fit.fit(rows.hasImportance() ? layout.important : layout.plain);
      for (int g = 0; g < n * inBlock; g++) {
        depth[g] = -fit.min[g];
      }
      for (int b = 0; b < n; b++) {
        write(rows, first + b, b * inBlock);
      }
    }
  }

  private void weigh(Rows rows, int at, int to) {
    float[] x = rows.x();
    int from = rows.from() + at;
    if (rows.hasImportance()) {
      float spread = layout.spread * Weights.meanSquare(x, from, BLOCK);
      Weights.important(x, from, BLOCK, rows.importance(), rows.column(at), spread, weights, to);
    } else if (layout == Layout.Q2_K) {
      Weights.magnitudes(x, from, BLOCK, weights, to);
    } else {
      for (int i = 0; i < BLOCK; i += group) {
        Weights.liftedMagnitudes(x, from + i, group, weights, to + i);
      }
    }
  }

  /** Finishes a block whose groups are those from {@code g} on. */
  private void write(Rows rows, int block, int g) {
    float scale = wholeNumbers(fit.scale, g, scales, rows.hasImportance());
    float min = wholeNumbers(depth, g, mins, rows.hasImportance());
    int at = rows.from() + block * BLOCK;
    for (int j = 0; j < inBlock; j++) {
      float d = half(scale) * scales[j];
      float m = half(min) * mins[j];
      for (int i = 0; i < group; i++) {
        float x = rows.x()[at + j * group + i];
        q[j * group + i] = d == 0 ? fit.quant(g + j, i) : nearest((x + m) / d, 0, layout.most);
      }
    }
    byte[] dst = rows.dst();
    int to = rows.to() + block * layout.bytes;
    switch (layout) {
      case Q2_K -> {
        for (int j = 0; j < 16; j++) {
          dst[to + j] = (byte) (scales[j] | mins[j] << 4);
        }
        putPairs(q, dst, to + 16);
        putHalf(dst, to + 80, scale);
        putHalf(dst, to + 82, min);
      }
      case Q4_K, Q5_K -> {
        putHalf(dst, to, scale);
        putHalf(dst, to + 2, min);
        putScales(dst, to + 4);
        if (layout == Layout.Q5_K) {
          putHighBits(q, 4, dst, to + 16);
        }
        putNibbles(q, dst, to + layout.bytes - 128);
      }
    }
  }

  /** Numbers as whole numbers times a scale, which is returned. */
  private float wholeNumbers(float[] x, int from, int[] out, boolean search) {
    int most = layout.mostScale;
    if (search) {
      return ScaleFit.positive(inBlock, most, x, from, fit.sumW, from, out);
    }
    float max = 0;
    for (int j = 0; j < inBlock; j++) {
      max = Math.max(max, x[from + j]);
    }
    float inverse = max > 0 ? most / max : 0;
    for (int j = 0; j < inBlock; j++) {
      out[j] = Math.min(most, nearest(inverse * x[from + j]));
    }
    return max / most;
  }

  /** Eight scales and minima of six bits in 12 bytes. */
  private void putScales(byte[] dst, int to) {
    for (int j = 0; j < 4; j++) {
      dst[to + j] = (byte) (scales[j] | scales[j + 4] >> 4 << 6);
      dst[to + j + 4] = (byte) (mins[j] | mins[j + 4] >> 4 << 6);
      dst[to + j + 8] = (byte) (scales[j + 4] & 15 | (mins[j + 4] & 15) << 4);
    }
  }

  /** The low two bits of 256 quants: 128 of them in 32 bytes, those of a run of 32 side by side. */
  static void putPairs(int[] q, byte[] dst, int to) {
    for (int i = 0; i < 64; i++) {
      int at = (i >> 5) * 128 + (i & 31);
      dst[to + i] =
          (byte)
              (q[at] & 3 | (q[at + 32] & 3) << 2 | (q[at + 64] & 3) << 4 | (q[at + 96] & 3) << 6);
    }
  }

  /** One bit of 256 quants: bit r of byte i is that of value i of run r of 32. */
  static void putHighBits(int[] q, int bit, byte[] dst, int to) {
    for (int i = 0; i < 32; i++) {
      int bits = 0;
      for (int run = 0; run < 8; run++) {
        bits |= (q[run * 32 + i] >> bit & 1) << run;
      }
      dst[to + i] = (byte) bits;
    }
  }

  /** The low four bits of 256 quants: 64 of them in 32 bytes, the first 32 in the low halves. */
  private static void putNibbles(int[] q, byte[] dst, int to) {
    for (int i = 0; i < 128; i++) {
      int at = (i >> 5) * 64 + (i & 31);
      dst[to + i] = (byte) (q[at] & 15 | q[at + 32] << 4);
    }
  }
}
