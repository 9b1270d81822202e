package dev.lamina.backend;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What one stage computes: ops in execution order over values that are each written once.
 *
 * @param input the hidden state that comes in, or null where the graph begins with {@link Op.Embed}
 * @param ops the ops, each after those whose values it reads
 * @param outputs the values that are read from outside
 */
public record Graph(Value input, List<Op> ops, Map<Output, Value> outputs) {
  /**
   * Checks the graph.
   *
   * @throws IllegalArgumentException where a value is read before it is written, or shapes do not
   *     fit
   */
  public Graph {
    ops = List.copyOf(ops);
    outputs = Map.copyOf(outputs);
    GraphCheck.graph(input, ops, outputs);
  }

  /** All weights that the ops need, in the order of their first use. */
  public Set<TensorSpec> weights() {
    Set<TensorSpec> all = new LinkedHashSet<>();
    ops.forEach(op -> all.addAll(op.weights()));
    return all;
  }

  /** All keys and values that the ops keep, in layer order of their first use. */
  public Set<KvSpec> kv() {
    Set<KvSpec> all = new LinkedHashSet<>();
    for (Op op : ops) {
      if (op instanceof Op.KvStore store) {
        all.add(store.kv());
      }
    }
    return all;
  }

  /** One more than the greatest value id. */
  public int valueCount() {
    int n = input == null ? 0 : input.id() + 1;
    for (Op op : ops) {
      if (op.output() != null) {
        n = Math.max(n, op.output().id() + 1);
      }
    }
    return n;
  }

  /**
   * The ops that a step with this {@link Step#want} needs, in order: those on which the wanted
   * output depends (all outputs, where the graph does not make the wanted one), and whatever keeps
   * keys and values.
   */
  public List<Op> opsFor(Output want) {
    Set<Integer> needed = new HashSet<>();
    if (outputs.containsKey(want)) {
      needed.add(outputs.get(want).id());
    } else {
      outputs.values().forEach(value -> needed.add(value.id()));
    }
    List<Op> chosen = new ArrayList<>();
    for (Op op : ops.reversed()) {
      if (op.output() == null || needed.contains(op.output().id())) {
        chosen.add(op);
        op.inputs().forEach(in -> needed.add(in.id()));
      }
    }
    return List.copyOf(chosen.reversed());
  }
}
