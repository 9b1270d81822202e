package dev.lamina.cpu.plain;

import dev.lamina.backend.RopeSpec;
import dev.lamina.cpu.kernel.Kernel;
import dev.lamina.cpu.kernel.Place;
import dev.lamina.cpu.kernel.RopeTableKernel;
import dev.lamina.cpu.kernel.StepState;

/** Turns the heads of a token, which is a unit, by the angles of {@link RopeTableKernel}. */
final class PlainRope extends Kernel {
  private final RopeSpec rope;
  private final int width;
  private final Place table;
  private final Place in;
  private final Place out;

  PlainRope(RopeSpec rope, int width, Place table, Place in, Place out) {
    this.rope = rope;
    this.width = width;
    this.table = table;
    this.in = in;
    this.out = out;
  }

  @Override
  public int plan(StepState step) {
    return step.step().tokens();
  }

  @Override
  public void run(StepState step, int token, long scratch) {
    long bytes = RopeTableKernel.tokenBytes(rope);
    float[] angles = Heap.floats(table.address() + token * bytes, (int) (bytes / Float.BYTES));
    long at = 4L * token * width;
    float[] x = Heap.floats(in.address() + at, width);
    for (int head = 0; head < width; head += rope.headDim()) {
      switch (rope.pairing()) {
        case HALVES -> halves(x, head, angles, rope.dims() / 2);
        case ADJACENT -> adjacent(x, head, angles, rope.dims());
      }
    }
    Heap.store(x, 0, width, out.address() + at);
  }

  private static void halves(float[] x, int at, float[] angles, int pairs) {
    for (int i = 0; i < pairs; i++) {
      float a = x[at + i];
      float b = x[at + pairs + i];
      float cos = angles[i];
      float sin = angles[pairs + i];
      x[at + i] = a * cos - b * sin;
      x[at + pairs + i] = a * sin + b * cos;
    }
  }

  private static void adjacent(float[] x, int at, float[] angles, int dims) {
    for (int i = 0; i < dims; i += 2) {
      float a = x[at + i];
      float b = x[at + i + 1];
      float cos = angles[i];
      float sin = angles[dims + i + 1];
      x[at + i] = a * cos - b * sin;
      x[at + i + 1] = a * sin + b * cos;
    }
  }
}
