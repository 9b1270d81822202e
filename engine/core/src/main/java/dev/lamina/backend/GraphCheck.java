package dev.lamina.backend;

import dev.lamina.backend.Value.Rows;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What every graph must satisfy, so that no backend has to check it: each value is written once and
 * before it is read, the widths of values and weights fit, and what is kept and what comes out is
 * consistent. Violations are mistakes of the program and not of a file: {@link
 * IllegalArgumentException}.
 */
final class GraphCheck {
  private GraphCheck() {}

  /** Checks a whole graph. */
  static void graph(Value input, List<Op> ops, Map<Output, Value> outputs) {
    Map<Integer, Value> written = new HashMap<>();
    Set<KvSpec> stored = new HashSet<>();
    Map<Integer, KvSpec> byLayer = new HashMap<>();
    if (input != null) {
      written.put(input.id(), input);
      need(input.rows() == Rows.TOKENS, "the input of a graph has a row for each token");
    }
    for (Op op : ops) {
      op(op);
      for (Value in : op.inputs()) {
        need(in.equals(written.get(in.id())), op, "reads " + in + ", which no op before it writes");
      }
      Value out = op.output();
      if (out != null) {
        need(written.putIfAbsent(out.id(), out) == null, op, "writes " + out + " once more");
      }
      switch (op) {
        case Op.Embed e -> need(input == null, op, "stands in a graph with an input");
        case Op.KvStore s -> {
          need(stored.add(s.kv()), op, "stores once more what is stored already");
          need(
              byLayer.putIfAbsent(s.kv().layer(), s.kv()) == null,
              op,
              "gives layer " + s.kv().layer() + " two kinds of keys and values");
        }
        case Op.Attention a ->
            need(stored.contains(a.kv()), op, "reads keys that no op before it stores");
        case Op.MatMul m -> {}
        case Op.RmsNorm n -> {}
        case Op.Rope r -> {}
        case Op.Gated g -> {}
        case Op.Add a -> {}
        case Op.Scale s -> {}
        case Op.SoftCap s -> {}
        case Op.SigmoidGate s -> {}
        case Op.SelectOutputs s -> {}
        case Op.Route r -> {}
        case Op.ExpertMatMul m -> {}
        case Op.ExpertSum s -> {}
        case Op.Argmax a -> {}
      }
    }
    outputs.forEach(
        (output, value) -> {
          need(value.equals(written.get(value.id())), output + " is " + value + ", not written");
          need(
              value.rows() == (output == Output.HIDDEN ? Rows.TOKENS : Rows.OUTPUTS),
              output + " has rows of the wrong kind: " + value);
          boolean index = isArgmax(ops, value);
          need(
              index == (output == Output.GREEDY),
              output + (index ? " is an Argmax" : " is no Argmax"));
        });
  }

  private static boolean isArgmax(List<Op> ops, Value value) {
    return ops.stream().anyMatch(op -> op instanceof Op.Argmax a && a.out().equals(value));
  }

  /** Checks the shapes of one op. */
  static void op(Op op) {
    switch (op) {
      case Op.Embed e -> {
        matrix(op, e.table());
        width(op, e.out(), e.table().cols());
        need(e.out().rows() == Rows.TOKENS, op, "gives a row for each token");
      }
      case Op.MatMul m -> {
        matrix(op, m.weight());
        width(op, m.in(), m.weight().cols());
        width(op, m.out(), m.weight().rows());
        if (m.bias() != null) {
          vector(op, m.bias(), m.weight().rows());
        }
        sameRows(op, m.in(), m.out());
      }
      case Op.RmsNorm n -> {
        vector(op, n.gamma(), n.gamma().cols());
        need(
            n.in().width() % n.gamma().cols() == 0,
            op,
            n.in().width() + " is no multiple of " + n.gamma().cols());
        same(op, n.in(), n.out());
      }
      case Op.Rope r -> {
        need(
            r.in().width() % r.rope().headDim() == 0,
            op,
            r.in().width() + " is no multiple of the head's " + r.rope().headDim());
        need(r.in().rows() == Rows.TOKENS, op, "needs a position for each row");
        same(op, r.in(), r.out());
      }
      case Op.KvStore s -> {
        width(op, s.k(), s.kv().nHeadKv() * s.kv().headDimK());
        width(op, s.v(), s.kv().nHeadKv() * s.kv().headDimV());
        need(s.k().rows() == Rows.TOKENS, op, "needs a position for each row");
        sameRows(op, s.k(), s.v());
      }
      case Op.Attention a -> {
        need(
            a.nHead() > 0 && a.nHead() % a.kv().nHeadKv() == 0,
            op,
            a.nHead() + " query heads do not share " + a.kv().nHeadKv() + " key heads evenly");
        need(a.window() >= 0, op, "window < 0");
        width(op, a.q(), a.nHead() * a.kv().headDimK());
        width(op, a.out(), a.nHead() * a.kv().headDimV());
        need(a.q().rows() == Rows.TOKENS, op, "needs a position for each row");
        sameRows(op, a.q(), a.out());
      }
      case Op.Gated g -> {
        same(op, g.gate(), g.up());
        same(op, g.gate(), g.out());
      }
      case Op.Add a -> {
        same(op, a.a(), a.b());
        same(op, a.a(), a.out());
      }
      case Op.Scale s -> same(op, s.in(), s.out());
      case Op.SoftCap s -> {
        need(s.cap() > 0, op, "cap <= 0");
        same(op, s.in(), s.out());
      }
      case Op.SigmoidGate s -> {
        width(op, s.gate(), 1);
        sameRows(op, s.gate(), s.in());
        same(op, s.in(), s.out());
      }
      case Op.SelectOutputs s -> {
        width(op, s.out(), s.in().width());
        need(
            s.in().rows() == Rows.TOKENS && s.out().rows() == Rows.OUTPUTS,
            op,
            "goes from tokens to outputs");
      }
      case Op.Route r -> {
        need(
            r.used() > 0 && r.used() <= r.logits().width(),
            op,
            "uses " + r.used() + " of " + r.logits().width() + " experts");
        width(op, r.out(), 2 * r.used());
        sameRows(op, r.logits(), r.out());
      }
      case Op.ExpertMatMul m -> {
        width(op, m.routing(), 2 * m.used());
        need(
            m.in().width() == m.weight().cols()
                || m.in().width() == (long) m.used() * m.weight().cols(),
            op,
            m.in() + " is neither " + m.weight().cols() + " wide nor that for each expert used");
        width(op, m.out(), m.used() * m.weight().rows());
        need(
            m.used() <= m.weight().experts(),
            op,
            "uses " + m.used() + " of " + m.weight().experts() + " experts");
        sameRows(op, m.routing(), m.in());
        sameRows(op, m.in(), m.out());
      }
      case Op.ExpertSum s -> {
        width(op, s.routing(), 2 * s.used());
        width(op, s.in(), s.used() * s.out().width());
        sameRows(op, s.routing(), s.in());
        sameRows(op, s.in(), s.out());
      }
      case Op.Argmax a -> {
        width(op, a.out(), 1);
        sameRows(op, a.in(), a.out());
      }
    }
  }

  private static void matrix(Op op, TensorSpec spec) {
    need(spec.experts() == 1, op, spec.name() + " holds " + spec.experts() + " matrices");
    need(
        spec.cols() % spec.type().blockSize() == 0,
        op,
        spec.name() + ": rows of " + spec.cols() + " values are no whole " + spec.type());
  }

  private static void vector(Op op, TensorSpec spec, int size) {
    need(
        spec.rows() == 1 && spec.experts() == 1 && spec.cols() == size,
        op,
        spec.name() + " is no vector of " + size + " values");
  }

  private static void width(Op op, Value value, int width) {
    need(value.width() == width, op, value + " should be " + width + " wide");
  }

  private static void sameRows(Op op, Value a, Value b) {
    need(a.rows() == b.rows(), op, a + " and " + b + " have rows of different kinds");
  }

  private static void same(Op op, Value a, Value b) {
    need(a.width() == b.width(), op, a + " and " + b + " differ in width");
    sameRows(op, a, b);
  }

  private static void need(boolean holds, Op op, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException(
          op.getClass().getSimpleName() + ": " + otherwise + " (" + op + ")");
    }
  }

  private static void need(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException(otherwise);
    }
  }
}
