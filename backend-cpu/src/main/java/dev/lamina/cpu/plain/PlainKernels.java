package dev.lamina.cpu.plain;

import dev.lamina.backend.Graph;
import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Op;
import dev.lamina.backend.RopeSpec;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Value;
import dev.lamina.cpu.kernel.EmbedKernel;
import dev.lamina.cpu.kernel.Kernel;
import dev.lamina.cpu.kernel.KvMemory;
import dev.lamina.cpu.kernel.Matrix;
import dev.lamina.cpu.kernel.Place;

/** The plain form of every op that has one. */
public final class PlainKernels {
  /** Where kernels get what they work on. */
  public interface Source {
    Matrix matrix(TensorSpec spec);

    /** The address of a vector's values as float32. */
    long vector(TensorSpec spec);

    KvMemory kv(KvSpec spec);

    Place place(Value value);

    /** What {@link dev.lamina.cpu.kernel.RopeTableKernel} writes. */
    Place ropeTable(RopeSpec rope);
  }

  private PlainKernels() {}

  /**
   * Whether a graph can be computed in plain form: of no experts, with weights and pages of types
   * that have one.
   */
  public static boolean cover(Graph graph) {
    return graph.ops().stream().allMatch(PlainKernels::covers);
  }

  private static boolean covers(Op op) {
    return switch (op) {
      case Op.Embed o -> PlainRows.has(o.table().type());
      case Op.MatMul o -> PlainRows.has(o.weight().type());
      case Op.Attention o -> PlainPages.has(o.kv().typeK()) && PlainPages.has(o.kv().typeV());
      case Op.KvStore o -> PlainPages.has(o.kv().typeK()) && PlainPages.has(o.kv().typeV());
      case Op.RmsNorm o -> true;
      case Op.Rope o -> true;
      case Op.Gated o -> true;
      case Op.Add o -> true;
      case Op.Scale o -> true;
      case Op.SoftCap o -> true;
      case Op.SelectOutputs o -> true;
      case Op.Argmax o -> true;
      case Op.SigmoidGate o -> false;
      case Op.Route o -> false;
      case Op.ExpertMatMul o -> false;
      case Op.ExpertSum o -> false;
    };
  }

  /**
   * The plain form of an op.
   *
   * @param simd its SIMD kernel, returned where that one does not need the Vector API, or so little
   *     that it makes no difference
   */
  public static Kernel of(Op op, Kernel simd, Source source) {
    return switch (op) {
      case Op.Embed o ->
          new PlainEmbed(source.matrix(o.table()), source.place(o.out()), (EmbedKernel) simd);
      case Op.MatMul o ->
          new PlainMatMul(
              source.matrix(o.weight()),
              o.bias() == null ? 0 : source.vector(o.bias()),
              o.in(),
              source.place(o.in()),
              source.place(o.out()));
      case Op.RmsNorm o ->
          new PlainRmsNorm(
              source.vector(o.gamma()),
              o.gamma().cols(),
              o.eps(),
              o.in(),
              source.place(o.in()),
              source.place(o.out()));
      case Op.Rope o ->
          new PlainRope(
              o.rope(),
              o.in().width(),
              source.ropeTable(o.rope()),
              source.place(o.in()),
              source.place(o.out()));
      case Op.KvStore o ->
          new PlainKvStore(source.kv(o.kv()), source.place(o.k()), source.place(o.v()));
      case Op.Attention o ->
          new PlainAttention(o, source.kv(o.kv()), source.place(o.q()), source.place(o.out()));
      case Op.Gated o ->
          PlainPointwise.gated(
              o.out(),
              o.activation(),
              source.place(o.gate()),
              source.place(o.up()),
              source.place(o.out()));
      case Op.Add o ->
          PlainPointwise.add(
              o.out(), source.place(o.a()), source.place(o.b()), source.place(o.out()));
      case Op.Scale o ->
          PlainPointwise.scale(o.out(), o.factor(), source.place(o.in()), source.place(o.out()));
      case Op.SoftCap o ->
          PlainPointwise.softCap(o.out(), o.cap(), source.place(o.in()), source.place(o.out()));
      case Op.SelectOutputs o -> simd;
      case Op.Argmax o -> simd;
      case Op.SigmoidGate o -> simd;
      case Op.Route o -> simd;
      case Op.ExpertMatMul o -> simd;
      case Op.ExpertSum o -> simd;
    };
  }
}
