package dev.lamina.cpu.plain;

import dev.lamina.backend.Op;
import dev.lamina.backend.Value;
import dev.lamina.cpu.kernel.Kernel;
import dev.lamina.cpu.kernel.Place;
import dev.lamina.cpu.kernel.StepState;

/** Ops that treat every value alike; a unit is a row. */
final class PlainPointwise extends Kernel {
  /** What becomes of a row. */
  private interface Loop {
    /** Computes into {@code a}. */
    void run(float[] a, float[] b);
  }

  private final Loop loop;
  private final Value value;
  private final Place a;
  private final Place b;
  private final Place out;

  private PlainPointwise(Loop loop, Value value, Place a, Place b, Place out) {
    this.loop = loop;
    this.value = value;
    this.a = a;
    this.b = b;
    this.out = out;
  }

  static Kernel add(Value value, Place a, Place b, Place out) {
    return new PlainPointwise(PlainPointwise::add, value, a, b, out);
  }

  static Kernel scale(Value value, float factor, Place in, Place out) {
    return new PlainPointwise((x, unused) -> scale(x, factor), value, in, null, out);
  }

  static Kernel softCap(Value value, float cap, Place in, Place out) {
    return new PlainPointwise((x, unused) -> softCap(x, cap), value, in, null, out);
  }

  static Kernel gated(Value value, Op.Activation activation, Place gate, Place up, Place out) {
    Loop loop =
        switch (activation) {
          case SILU -> PlainPointwise::silu;
          case GELU_TANH -> PlainPointwise::gelu;
        };
    return new PlainPointwise(loop, value, gate, up, out);
  }

  @Override
  public int plan(StepState step) {
    return step.rows(value.rows());
  }

  @Override
  public void run(StepState step, int row, long scratch) {
    int n = value.width();
    long at = 4L * row * n;
    float[] x = Heap.floats(a.address() + at, n);
    loop.run(x, b == null ? null : Heap.floats(b.address() + at, n));
    Heap.store(x, 0, n, out.address() + at);
  }

  private static void add(float[] a, float[] b) {
    for (int i = 0; i < a.length; i++) {
      a[i] += b[i];
    }
  }

  private static void scale(float[] a, float factor) {
    for (int i = 0; i < a.length; i++) {
      a[i] *= factor;
    }
  }

  private static void softCap(float[] a, float cap) {
    for (int i = 0; i < a.length; i++) {
      a[i] = (float) (cap * Math.tanh(a[i] / cap));
    }
  }

  private static void silu(float[] a, float[] b) {
    for (int i = 0; i < a.length; i++) {
      a[i] = (float) (a[i] / (1 + Math.exp(-a[i]))) * b[i];
    }
  }

  /** {@code (1 + tanh u) / 2} is the sigmoid of {@code 2 u}. */
  private static void gelu(float[] a, float[] b) {
    for (int i = 0; i < a.length; i++) {
      double x = a[i];
      double u = 1.5957691216057308 * (x + 0.044715 * x * x * x);
      a[i] = (float) (x / (1 + Math.exp(-u))) * b[i];
    }
  }
}
