package dev.lamina.cpu.panel;

import dev.lamina.backend.DeviceException;
import dev.lamina.cpu.code.CodeMemory;
import dev.lamina.cpu.code.InstructionSet;
import dev.lamina.cpu.code.NativeCode;
import dev.lamina.gguf.GgmlType;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The functions of one instruction set, assembled when first asked for and then kept for the
 * process. Addresses are raw; every call needs {@link #CALL_SCRATCH} bytes of scratch memory.
 */
public final class PanelCode {
  /** Bytes of scratch memory that a call needs, aligned to 64. */
  public static final int CALL_SCRATCH =
      128 + ScaleCode.SCRATCH + Math.max(TileCode.SCRATCH, GroupCode.SCRATCH);

  /** Rows of activations that no product takes more of. */
  public static final int MOST_TOKENS = Math.max(TileCode.MOST_TOKENS, FloatTileCode.MOST_TOKENS);

  /** The most that {@link #cachedBytes} gives. */
  public static final long MOST_CACHED = 1 << 20;

  /** Bytes asked for in a round of {@link #fetch}. */
  static final int FETCHED = 512;

  private record Product(GgmlType type, boolean decoded, InputFormat input, int tokens) {}

  private record Decode(GgmlType type, boolean split) {}

  private static final Map<InstructionSet, PanelCode> ALL = new HashMap<>();

  private final PanelAssembler assembler;
  private final Map<Object, Long> functions = new HashMap<>();
  private final long fetch;

  private PanelCode(InstructionSet isa) {
    this.assembler = PanelAssembler.of(isa);
    this.fetch = function("fetch", assembler::fetch);
  }

  /** The functions of an instruction set that the processor has. */
  public static synchronized PanelCode of(InstructionSet isa) {
    // asking also has the system grant what must be asked for
    if (!isa.runsHere()) {
      throw new IllegalArgumentException("this machine does not run code for " + isa.label());
    }
    return ALL.computeIfAbsent(isa, PanelCode::new);
  }

  /** Whether there are products with such panels. */
  public boolean multiplies(PanelFormat format) {
    return assembler.multiplies(format);
  }

  /**
   * How activations of a product must lie.
   *
   * @param format the panels'
   * @param rows rows of activations of the whole step
   */
  public InputFormat input(PanelFormat format, int rows) {
    return assembler.input(format, rows);
  }

  /** The most bytes that rows of activations can take for such panels. */
  public long inputBytes(PanelFormat format, int cols, int rows) {
    // where few rows take another form, it is the smaller one
    return input(format, rows).rowBytes(cols) * rows;
  }

  /** The most rows of activations that one product can take. */
  public int mostTokens(InputFormat format) {
    return assembler.mostTokens(format);
  }

  /** Whether panels must be decoded before a product of that many rows. */
  public boolean decodes(PanelFormat format, InputFormat input, int rows) {
    return assembler.decodes(format, input, rows);
  }

  /** Bytes of panels for products in float32 that stay in the second-level cache. */
  public long cachedBytes(InputFormat input) {
    return assembler.cachedBytes(input);
  }

  /** Bytes of a decoded panel of some columns. */
  public static long decodedBytes(PanelFormat format, InputFormat input, int cols) {
    int record = DecodeCode.recordBytes(format, input.split());
    return (long) (cols / InputFormat.VALUES) * record;
  }

  private synchronized long function(Object key, Supplier<byte[]> code) {
    Long known = functions.get(key);
    if (known == null) {
      known = CodeMemory.place(code.get());
      if (known == 0) {
        throw new DeviceException(
            DeviceException.Kind.OUT_OF_MEMORY, "the host has no memory for machine code");
      }
      functions.put(key, known);
    }
    return known;
  }

  /**
   * The address of the product of panels with exactly {@code tokens} rows.
   *
   * @param decoded whether panels of that format have been decoded
   */
  public long product(PanelFormat format, boolean decoded, InputFormat input, int tokens) {
    return function(
        new Product(format.type(), decoded, input, tokens),
        () -> assembler.product(format, decoded, input, tokens));
  }

  /** The address of the decoding of panels for a product. */
  public long decode(PanelFormat format, InputFormat input) {
    return function(
        new Decode(format.type(), input.split()), () -> assembler.decode(format, input.split()));
  }

  /**
   * Decodes a panel.
   *
   * @param decode the function
   * @param blocks how many, from the first one on
   */
  public static void decode(long decode, long panel, int blocks, long target, long scratch) {
    put(scratch + DecodeCode.SOURCE, panel);
    put(scratch + DecodeCode.TARGET, target);
    put(scratch + DecodeCode.BLOCKS, blocks);
    put(scratch + DecodeCode.SCRATCH, scratch + 128);
    NativeCode.call(decode, scratch);
  }

  /** The address of the rounding of activations, or of what puts them in records as they are. */
  public long quantize(InputFormat format) {
    return function(format, () -> assembler.quantize(format));
  }

  /** The address of the repacking of rows. */
  public long repack(PanelFormat format) {
    return function(format.type(), () -> assembler.repack(format));
  }

  /**
   * Asks for memory to the second-level cache.
   *
   * @param from address of the first line
   * @param bytes a multiple of 512
   * @param scratch address of 16 bytes
   */
  public void fetch(long from, long bytes, long scratch) {
    put(scratch, from);
    put(scratch + 8, bytes / FETCHED);
    NativeCode.call(fetch, scratch);
  }

  /**
   * Rounds a row.
   *
   * @param quantize the function
   * @param x address of {@code cols} floats
   * @param step bytes from record to record
   */
  public static void quantize(
      long quantize, long x, int cols, long target, long step, long scratch) {
    put(scratch + QuantizeCode.SOURCE, x);
    put(scratch + QuantizeCode.TARGET, target);
    put(scratch + QuantizeCode.RECORDS, cols / InputFormat.VALUES);
    put(scratch + QuantizeCode.STEP, step);
    NativeCode.call(quantize, scratch);
  }

  /**
   * Repacks rows to a panel; where there are fewer than 16, the last one fills it up.
   *
   * @param repack the function
   * @param rows address of the first row
   * @param count rows that there are
   */
  public static void repack(
      long repack, PanelFormat format, long rows, int count, int cols, long panel, long scratch) {
    long rowBytes = format.type().rowBytes(cols);
    put(scratch + RepackCode.SOURCE, rows);
    put(scratch + RepackCode.TARGET, panel);
    put(scratch + RepackCode.BLOCKS, cols / format.columns());
    for (int r = 0; r < PanelFormat.ROWS; r++) {
      NativeCode.ALL.set(
          ValueLayout.JAVA_INT,
          scratch + RepackCode.ROWS + 4L * r,
          Math.toIntExact(Math.min(r, count - 1) * rowBytes));
    }
    NativeCode.call(repack, scratch);
  }

  /**
   * Multiplies panels.
   *
   * @param product the function
   * @param weights address of the first block of the first panel
   * @param skip bytes from the end of the last block that is read to the next panel's first
   * @param input address of the first record; those of the rows lie side by side
   * @param blocks blocks of each panel to multiply
   * @param out address of the first panel's 16 results of the first row
   * @param outStride bytes from row to row
   * @param init address of what is added to them
   * @param initStride bytes from row to row of that
   * @param initStep bytes from panel to panel of that
   * @param ahead address of activations that will be multiplied next
   */
  public static void product(
      long product,
      long weights,
      long skip,
      int panels,
      long input,
      int blocks,
      long out,
      long outStride,
      long init,
      long initStride,
      long initStep,
      long ahead,
      long scratch) {
    put(scratch + ProductCode.WEIGHTS, weights);
    put(scratch + ProductCode.INPUT, input);
    put(scratch + ProductCode.OUT, out);
    put(scratch + ProductCode.BLOCKS, blocks);
    put(scratch + ProductCode.PANELS, panels);
    put(scratch + ProductCode.SKIP, skip);
    put(scratch + ProductCode.OUT_STRIDE, outStride);
    put(scratch + ProductCode.INIT, init);
    put(scratch + ProductCode.INIT_STRIDE, initStride);
    put(scratch + ProductCode.INIT_STEP, initStep);
    put(scratch + ProductCode.SCRATCH, scratch + 128);
    put(scratch + ProductCode.AHEAD, ahead);
    NativeCode.call(product, scratch);
  }

  private static void put(long at, long value) {
    NativeCode.ALL.set(ValueLayout.JAVA_LONG, at, value);
  }
}
