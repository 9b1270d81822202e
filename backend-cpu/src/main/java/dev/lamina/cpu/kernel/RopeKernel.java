package dev.lamina.cpu.kernel;

import dev.lamina.backend.RopeSpec;
import dev.lamina.cpu.pointwise.RopeCode;
import dev.lamina.cpu.simd.Simd;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;

/** Turns the heads of each token by the angles of {@link RopeTableKernel}. */
public final class RopeKernel extends Kernel {
  /** Swaps neighbours. */
  private static final VectorShuffle<Float> SWAP = VectorShuffle.fromOp(Simd.F, i -> i ^ 1);

  /** Values of a unit. */
  private static final int UNIT = 4096;

  private final RopeSpec rope;
  private final int width;
  private final Place table;
  private final Place in;
  private final Place out;

  private final RopeCode code;

  /**
   * @param width values of a token, whole heads
   * @param code does it; null where the Vector API has to
   */
  public RopeKernel(RopeSpec rope, int width, Place table, Place in, Place out, RopeCode code) {
    this.code = code;
    this.rope = rope;
    this.width = width;
    this.table = table;
    this.in = in;
    this.out = out;
  }

  private int perUnit() {
    return Math.max(1, UNIT / width);
  }

  @Override
  public int plan(StepState step) {
    return (step.step().tokens() + perUnit() - 1) / perUnit();
  }

  @Override
  public long scratchBytes() {
    return RopeCode.CALL_SCRATCH;
  }

  @Override
  public void run(StepState step, int unit, long scratch) {
    int end = Math.min(step.step().tokens(), (unit + 1) * perUnit());
    int dims = rope.dims();
    for (int t = unit * perUnit(); t < end; t++) {
      long angles = table.address() + t * RopeTableKernel.tokenBytes(rope);
      if (code != null) {
        long at = 4L * t * width;
        code.run(in.address() + at, angles, out.address() + at, width / rope.headDim(), scratch);
        continue;
      }
      for (int head = 0; head < width; head += rope.headDim()) {
        long at = 4L * ((long) t * width + head);
        long x = in.address() + at;
        long y = out.address() + at;
        switch (rope.pairing()) {
          case HALVES -> halves(x, y, angles, dims / 2);
          case ADJACENT -> adjacent(x, y, angles, dims);
        }
        if (dims < rope.headDim()) {
          Simd.copy(x + 4L * dims, y + 4L * dims, 4L * (rope.headDim() - dims));
        }
      }
    }
  }

  private static void halves(long x, long y, long angles, int pairs) {
    long half = 4L * pairs;
    int i = 0;
    for (; i <= pairs - Simd.LANES; i += Simd.LANES) {
      long at = 4L * i;
      FloatVector a = Simd.load(x + at);
      FloatVector b = Simd.load(x + half + at);
      FloatVector cos = Simd.load(angles + at);
      FloatVector sin = Simd.load(angles + half + at);
      Simd.store(a.mul(cos).sub(b.mul(sin)), y + at);
      Simd.store(a.mul(sin).add(b.mul(cos)), y + half + at);
    }
    for (; i < pairs; i++) {
      long at = 4L * i;
      float a = Simd.loadFloat(x + at);
      float b = Simd.loadFloat(x + half + at);
      float cos = Simd.loadFloat(angles + at);
      float sin = Simd.loadFloat(angles + half + at);
      Simd.storeFloat(y + at, a * cos - b * sin);
      Simd.storeFloat(y + half + at, a * sin + b * cos);
    }
  }

  private static void adjacent(long x, long y, long angles, int dims) {
    long sines = angles + 4L * dims;
    int i = 0;
    for (; i <= dims - Simd.LANES; i += Simd.LANES) {
      long at = 4L * i;
      FloatVector a = Simd.load(x + at);
      FloatVector turned = a.rearrange(SWAP).mul(Simd.load(sines + at));
      Simd.store(a.mul(Simd.load(angles + at)).add(turned), y + at);
    }
    for (; i < dims; i += 2) {
      long at = 4L * i;
      float a = Simd.loadFloat(x + at);
      float b = Simd.loadFloat(x + at + 4);
      float cos = Simd.loadFloat(angles + at);
      float sin = Simd.loadFloat(sines + at + 4);
      Simd.storeFloat(y + at, a * cos - b * sin);
      Simd.storeFloat(y + at + 4, a * sin + b * cos);
    }
  }
}
