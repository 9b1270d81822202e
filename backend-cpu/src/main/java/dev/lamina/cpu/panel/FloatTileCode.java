package dev.lamina.cpu.panel;

import static dev.lamina.cpu.code.Assembler.R10;
import static dev.lamina.cpu.code.Assembler.R11;
import static dev.lamina.cpu.code.Assembler.R12;
import static dev.lamina.cpu.code.Assembler.R13;
import static dev.lamina.cpu.code.Assembler.R14;
import static dev.lamina.cpu.code.Assembler.R15;
import static dev.lamina.cpu.code.Assembler.R8;
import static dev.lamina.cpu.code.Assembler.R9;
import static dev.lamina.cpu.code.Assembler.RAX;
import static dev.lamina.cpu.code.Assembler.RBP;
import static dev.lamina.cpu.code.Assembler.RBX;
import static dev.lamina.cpu.code.Assembler.RCX;
import static dev.lamina.cpu.code.Assembler.RDI;
import static dev.lamina.cpu.code.Assembler.RDX;
import static dev.lamina.cpu.code.Assembler.RSI;

import dev.lamina.cpu.code.Assembler;
import dev.lamina.cpu.code.Label;
import dev.lamina.cpu.code.Mem;

/**
 * Assembles the product of panels with many rows of activations on the tiles of AMX, as exact as
 * float32: both factors are sums of bfloat16 numbers (see {@link DecodeCode} and {@link
 * InputFormat#SPLIT}), and the tiles add up the products of those in float32. What the third
 * numbers add to each other's and the second ones' products is below the last bit of float32, and
 * left out. Subnormal numbers count as zero.
 *
 * <p>The arguments are those of {@link ProductCode}; blocks are of 32 columns. Two panels are
 * multiplied with two tiles of tokens at a time.
 */
final class FloatTileCode {
  /** The most tokens: two tiles of them. */
  static final int MOST_TOKENS = 32;

  private static final int TILE_TOKENS = 16;
  private static final int PANELS = 2;

  /** Sums of orders that count: a product of the n-th and the m-th number has order n + m. */
  private static final int MOST_ORDER = InputFormat.SPLITS - 1;

  // tile registers: sums of (token tile, panel), token tiles, panels
  private static final int SUM_TILE = 0;
  private static final int TOKEN_TILE = 4;
  private static final int WEIGHT_TILE = 6;

  private static final int[] W = {RSI, R14};
  private static final int X = RDX;
  private static final int INIT = R9;

  /** Activations that are asked for ahead of their use, and how many bytes of them in a block. */
  private static final int AHEAD = R15;

  private static final int AHEAD_BYTES = 768;

  private static final int OUT = R8;
  private static final int PANEL_STEP = R11;
  private static final int OUT_STRIDE = R12;
  private static final int INIT_STRIDE = R13;
  private static final int RECORD_STRIDE = RBX;
  private static final int LINE_STRIDE = RBP;

  private final int splits;
  private final int tokens;
  private final Assembler asm = new Assembler();

  private FloatTileCode(int splits, int tokens) {
    this.splits = splits;
    this.tokens = tokens;
  }

  /**
   * The code for exactly {@code tokens} rows of activations.
   *
   * @param splits numbers that a weight is the sum of
   */
  static byte[] of(int splits, int tokens) {
    return new FloatTileCode(splits, tokens).assemble();
  }

  private int tokenTiles() {
    return (tokens + TILE_TOKENS - 1) / TILE_TOKENS;
  }

  private byte[] assemble() {
    asm.enter();
    asm.tileConfig(asm.vector(shapes()));
    asm.load(W[0], Mem.at(RDI, ProductCode.WEIGHTS));
    asm.load(OUT, Mem.at(RDI, ProductCode.OUT));
    asm.load(INIT, Mem.at(RDI, ProductCode.INIT));
    asm.load(R10, Mem.at(RDI, ProductCode.PANELS));
    asm.load(OUT_STRIDE, Mem.at(RDI, ProductCode.OUT_STRIDE));
    asm.load(INIT_STRIDE, Mem.at(RDI, ProductCode.INIT_STRIDE));
    asm.mov32(RECORD_STRIDE, InputFormat.SPLIT.recordBytes());
    asm.mov32(LINE_STRIDE, 64);
    asm.load(AHEAD, Mem.at(RDI, ProductCode.AHEAD));
    ProductCode.panelStep(asm, PANEL_STEP, splits * DecodeCode.SPLIT_BYTES);
    Label pair = new Label();
    Label one = new Label();
    Label end = new Label();
    asm.bind(pair);
    asm.addImm(R10, -1);
    asm.jz(one);
    panels(PANELS);
    asm.addImm(R10, -1);
    asm.jnz(pair);
    asm.jmp(end);
    asm.bind(one);
    panels(1);
    asm.bind(end);
    asm.tileRelease();
    asm.leave();
    return asm.finish();
  }

  /** Rows and bytes of a row of each tile register, as {@code LDTILECFG} reads them. */
  private byte[] shapes() {
    byte[] shapes = new byte[64];
    shapes[0] = 1;
    for (int t = 0; t < tokenTiles(); t++) {
      int rows = Math.min(TILE_TOKENS, tokens - t * TILE_TOKENS);
      TileCode.shape(shapes, TOKEN_TILE + t, rows, 64);
      for (int p = 0; p < PANELS; p++) {
        TileCode.shape(shapes, sumTile(t, p), rows, 64);
      }
    }
    for (int p = 0; p < PANELS; p++) {
      TileCode.shape(shapes, WEIGHT_TILE + p, TILE_TOKENS, 64);
    }
    return shapes;
  }

  private static int sumTile(int tokenTile, int panel) {
    return SUM_TILE + PANELS * tokenTile + panel;
  }

  /** Multiplies so many panels, and goes on behind them. */
  private void panels(int count) {
    for (int p = 1; p < count; p++) {
      asm.mov(W[p], W[p - 1]);
      asm.add(W[p], PANEL_STEP);
    }
    for (int t = 0; t < tokenTiles(); t++) {
      for (int p = 0; p < count; p++) {
        int at = rows(INIT, INIT_STRIDE, t);
        if (p > 0) {
          if (at != RAX) {
            asm.mov(RAX, at);
          }
          asm.add(RAX, Mem.at(RDI, ProductCode.INIT_STEP));
          at = RAX;
        }
        asm.tileLoad(sumTile(t, p), at, INIT_STRIDE, 0);
      }
    }
    asm.load(X, Mem.at(RDI, ProductCode.INPUT));
    asm.load(RCX, Mem.at(RDI, ProductCode.BLOCKS));
    Label block = new Label();
    asm.bind(block);
    block(count);
    for (int p = 0; p < count; p++) {
      asm.addImm(W[p], splits * DecodeCode.SPLIT_BYTES);
    }
    asm.addImm(X, tokens * InputFormat.SPLIT.recordBytes());
    asm.addImm(RCX, -1);
    asm.jnz(block);
    for (int t = 0; t < tokenTiles(); t++) {
      int at = rows(OUT, OUT_STRIDE, t);
      for (int p = 0; p < count; p++) {
        asm.tileStore(at, OUT_STRIDE, 64 * p, sumTile(t, p));
      }
    }
    asm.addImm(OUT, 64 * count);
    asm.mov(W[0], W[count - 1]);
    asm.add(W[0], Mem.at(RDI, ProductCode.SKIP));
    for (int p = 0; p < count; p++) {
      asm.add(INIT, Mem.at(RDI, ProductCode.INIT_STEP));
    }
  }

  /** A register with the address of a tile's first row. */
  private int rows(int first, int stride, int tile) {
    if (tile == 0) {
      return first;
    }
    asm.mov(RAX, stride);
    for (int rows = 1; rows < TILE_TOKENS; rows *= 2) {
      asm.add(RAX, RAX);
    }
    asm.add(RAX, first);
    return RAX;
  }

  /** 32 columns; from one product to the next only one of the factors changes. */
  private void block(int panels) {
    for (int line = 0; line < AHEAD_BYTES; line += 64) {
      asm.prefetchSecond(Mem.at(AHEAD, line));
    }
    asm.addImm(AHEAD, AHEAD_BYTES);
    int loadedX = -1;
    int loadedW = -1;
    for (int n = 0; n < splits; n++) {
      int most = MOST_ORDER - n;
      for (int i = 0; i <= most; i++) {
        int m = n % 2 == 0 ? most - i : i;
        products(m, n, m != loadedX, n != loadedW, panels);
        loadedX = m;
        loadedW = n;
      }
    }
  }

  private void products(int m, int n, boolean loadX, boolean loadW, int panels) {
    for (int t = 0; t < tokenTiles(); t++) {
      if (loadX) {
        int at = t * TILE_TOKENS * InputFormat.SPLIT.recordBytes() + 2 * InputFormat.VALUES * m;
        asm.tileLoad(TOKEN_TILE + t, X, RECORD_STRIDE, at);
      }
      for (int p = 0; p < panels; p++) {
        if (loadW && t == 0) {
          asm.tileLoad(WEIGHT_TILE + p, W[p], LINE_STRIDE, n * DecodeCode.SPLIT_BYTES);
        }
        asm.tileFloatProduct(sumTile(t, p), TOKEN_TILE + t, WEIGHT_TILE + p);
      }
    }
  }
}
