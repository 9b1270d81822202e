package dev.lamina.cpu;

import dev.lamina.backend.DeviceException;
import dev.lamina.cpu.code.InstructionSet;
import dev.lamina.cpu.panel.InputFormat;
import dev.lamina.cpu.panel.PanelCode;
import dev.lamina.cpu.panel.PanelFormats;
import dev.lamina.gguf.GgmlType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.random.RandomGenerator;

/** Rounds rows of activations for a type of weights, on one thread and as prompts have it. */
final class QuantizeWork {
  private final InputFormat format;
  private final int rows;
  private final int cols;
  private final long function;
  private final long source;
  private final long target;
  private final long scratch;
  private final int most;

  /**
   * @param arena what is read and written lives there
   */
  QuantizeWork(GgmlType type, int rows, int cols, Arena arena) {
    PanelCode code = KernelFamily.of(InstructionSet.choose().isa()).panels();
    if (code == null) {
      throw new DeviceException(
          DeviceException.Kind.UNSUPPORTED, "there is no machine code that rounds here");
    }
    this.format = PanelFormats.of(type).input();
    this.rows = rows;
    this.cols = cols;
    this.function = code.quantize(format);
    this.most = code.mostTokens(format);
    MemorySegment values = arena.allocate(4L * rows * cols, 64);
    RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
    for (long i = 0; i < (long) rows * cols; i++) {
      values.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
    }
    source = values.address();
    target = arena.allocate(rows * format.rowBytes(cols), 64).address();
    scratch = arena.allocate(PanelCode.CALL_SCRATCH, 64).address();
  }

  /** Bytes read and written. */
  static double bytes(GgmlType type, int rows, int cols) {
    return rows * (4.0 * cols + PanelFormats.of(type).input().rowBytes(cols));
  }

  void run() {
    for (int row = 0; row < rows; row++) {
      int first = row / most * most;
      long step = (long) Math.min(most, rows - first) * format.recordBytes();
      long to =
          target + first * format.rowBytes(cols) + (long) (row - first) * format.recordBytes();
      PanelCode.quantize(function, source + 4L * row * cols, cols, to, step, scratch);
    }
  }
}
