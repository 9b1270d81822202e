package dev.lamina.backend;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which values of a graph can share memory: a value's slot is free again after the last op that
 * reads it. No op finds its output in the slot of one of its inputs. The graph's input and outputs
 * keep slots of their own.
 */
public final class ActivationPlan {
  private final Map<Integer, Integer> slotOf = new HashMap<>();
  private final List<Long> slotBytes = new ArrayList<>();

  private ActivationPlan() {}

  /** Plans the memory of all ops of {@code graph} for steps of the greatest size. */
  public static ActivationPlan of(Graph graph, Limits limits) {
    ActivationPlan plan = new ActivationPlan();
    Set<Integer> kept = new HashSet<>();
    graph.outputs().values().forEach(value -> kept.add(value.id()));
    if (graph.input() != null) {
      kept.add(graph.input().id());
      plan.own(graph.input(), limits);
    }
    Map<Integer, Integer> lastUse = new HashMap<>();
    for (int i = 0; i < graph.ops().size(); i++) {
      Op op = graph.ops().get(i);
      if (op.output() != null) {
        lastUse.put(op.output().id(), i);
      }
      for (Value in : op.inputs()) {
        lastUse.put(in.id(), i);
      }
    }
    List<Integer> free = new ArrayList<>();
    for (int i = 0; i < graph.ops().size(); i++) {
      Op op = graph.ops().get(i);
      Value out = op.output();
      if (out != null) {
        if (kept.contains(out.id())) {
          plan.own(out, limits);
        } else {
          plan.share(out, limits, free);
        }
      }
      Set<Integer> done = new HashSet<>();
      op.inputs().forEach(in -> done.add(in.id()));
      if (out != null) {
        done.add(out.id());
      }
      for (int id : done) {
        if (lastUse.get(id) == i && !kept.contains(id)) {
          free.add(plan.slotOf.get(id));
        }
      }
    }
    return plan;
  }

  /** Bytes of {@code value} in a step of the greatest size. */
  public static long bytes(Value value, Limits limits) {
    return Math.multiplyExact((long) value.width() * Float.BYTES, limits.maxRows(value.rows()));
  }

  /** The number of slots. */
  public int slots() {
    return slotBytes.size();
  }

  /** The slot in which {@code value} lives. */
  public int slot(Value value) {
    return slotOf.get(value.id());
  }

  /** Bytes of a slot. */
  public long slotBytes(int slot) {
    return slotBytes.get(slot);
  }

  /** Bytes of all slots. */
  public long bytes() {
    return slotBytes.stream().mapToLong(Long::longValue).sum();
  }

  private void own(Value value, Limits limits) {
    slotOf.put(value.id(), slotBytes.size());
    slotBytes.add(bytes(value, limits));
  }

  /** The smallest free slot that is large enough; else the largest, grown; else a new one. */
  private void share(Value value, Limits limits, List<Integer> free) {
    long bytes = bytes(value, limits);
    Integer best = null;
    for (Integer slot : free) {
      if (best == null || better(slotBytes.get(slot), slotBytes.get(best), bytes)) {
        best = slot;
      }
    }
    if (best == null) {
      own(value, limits);
      return;
    }
    free.remove(best);
    slotOf.put(value.id(), best);
    slotBytes.set(best, Math.max(bytes, slotBytes.get(best)));
  }

  private static boolean better(long size, long than, long needed) {
    if (size >= needed) {
      return than < needed || size < than;
    }
    return than < needed && size > than;
  }
}
