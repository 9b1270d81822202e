package dev.lamina.vulkan;

import dev.lamina.backend.ActivationPlan;
import dev.lamina.backend.Graph;
import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.RopeSpec;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Value;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** All memory that a program has beside its weights. */
final class ProgramMemory {
  private final VulkanDevice device;
  private final List<Memory> all = new ArrayList<>();
  private final List<Memory> slots = new ArrayList<>();
  private final ActivationPlan plan;
  private final StepLayout stepLayout;
  private final Map<KvSpec, KvMemory> kv = new HashMap<>();
  private final Map<RopeSpec, Memory> turns = new HashMap<>();
  private final Map<AttentionKey, Integer> tileLists;
  private final Memory step;
  private final Memory hostStep;
  private final Memory partial;
  private final Memory groups;
  private final Memory vectors;

  /** Attention ops that are alike in this have the same tiles. */
  private record AttentionKey(int ratio, int headDimK) {
    static AttentionKey of(Op.Attention op) {
      return new AttentionKey(op.nHead() / op.kv().nHeadKv(), op.kv().headDimK());
    }
  }

  ProgramMemory(
      VulkanDevice device, Graph graph, Limits limits, Map<TensorSpec, VulkanWeight> weights) {
    this.device = device;
    plan = ActivationPlan.of(graph, limits);
    tileLists = tileLists(graph);
    stepLayout = new StepLayout(limits, tileLists.size());
    try {
      for (int slot = 0; slot < plan.slots(); slot++) {
        slots.add(device(plan.slotBytes(slot)));
      }
      for (KvSpec spec : graph.kv()) {
        kv.put(spec, KvMemory.allocate(spec, limits, this));
      }
      step = device(stepLayout.bytes());
      hostStep = allocate(stepLayout.bytes(), MemoryPool.Place.UPLOAD);
      hostStep.mapped().fill((byte) 0);
      partial = device(partialBytes(graph, limits));
      groups = device(groupBytes(graph, limits));
      vectors = device(Vectors.mostBytes(device.abilities(), graph, limits));
      for (Op op : graph.ops()) {
        if (op instanceof Op.Rope rope && !turns.containsKey(rope.rope())) {
          float[] divisors =
              rope.rope().factors() == null ? null : weights.get(rope.rope().factors()).vector();
          turns.put(rope.rope(), turns(rope.rope().angles(divisors)));
        }
      }
    } catch (RuntimeException | Error e) {
      free();
      throw e;
    }
  }

  private static Map<AttentionKey, Integer> tileLists(Graph graph) {
    Map<AttentionKey, Integer> lists = new LinkedHashMap<>();
    for (Op op : graph.ops()) {
      if (op instanceof Op.Attention attention) {
        lists.putIfAbsent(AttentionKey.of(attention), lists.size());
      }
    }
    return lists;
  }

  private static long partialBytes(Graph graph, Limits limits) {
    long most = 0;
    for (Op op : graph.ops()) {
      if (op instanceof Op.Attention attention) {
        most = Math.max(most, AttentionShape.partialBytes(attention, limits.maxTokens()));
      }
    }
    return most;
  }

  private static long groupBytes(Graph graph, Limits limits) {
    long most = 0;
    for (Op op : graph.ops()) {
      if (op instanceof Op.ExpertMatMul product) {
        long pairs = (long) limits.maxRows(product.in().rows()) * product.used();
        most = Math.max(most, 4 * (product.weight().experts() + 1 + pairs));
      }
    }
    return most;
  }

  /** See {@link dev.lamina.backend.Device#workBytes}. */
  static long workBytes(Abilities abilities, Graph graph, Limits limits) {
    long bytes = ActivationPlan.of(graph, limits).bytes();
    for (KvSpec spec : graph.kv()) {
      bytes += KvMemory.bytes(spec, limits) - limits.kvBytes(spec);
    }
    return bytes
        + new StepLayout(limits, tileLists(graph).size()).bytes()
        + partialBytes(graph, limits)
        + groupBytes(graph, limits)
        + Vectors.mostBytes(abilities, graph, limits);
  }

  /** The part of a turn by which one position turns each pair, in 32 bits. */
  private Memory turns(double[] angles) {
    MemorySegment words = MemorySegment.ofArray(new int[angles.length]);
    for (int i = 0; i < angles.length; i++) {
      double turn = angles[i] / (2 * Math.PI);
      long word = Math.round((turn - Math.floor(turn)) * 0x1p32);
      words.set(ValueLayout.JAVA_INT, 4L * i, (int) word);
    }
    Memory memory = device(4L * angles.length);
    device.staging().write(words, memory, 0);
    return memory;
  }

  Memory device(long bytes) {
    return allocate(bytes, MemoryPool.Place.DEVICE);
  }

  Memory allocate(long bytes, MemoryPool.Place place) {
    Memory memory = device.pool().allocate(bytes, place);
    all.add(memory);
    return memory;
  }

  void free() {
    device.queue().finish();
    all.forEach(Memory::free);
    all.clear();
  }

  int slot(Value value) {
    return plan.slot(value);
  }

  Memory of(Value value) {
    return slots.get(plan.slot(value));
  }

  KvMemory of(KvSpec spec) {
    return kv.get(spec);
  }

  Memory turns(RopeSpec rope) {
    return turns.get(rope);
  }

  /** The number of the list that an op's tiles are in. */
  int tileList(Op.Attention op) {
    return tileLists.get(AttentionKey.of(op));
  }

  int tileLists() {
    return tileLists.size();
  }

  StepLayout stepLayout() {
    return stepLayout;
  }

  Memory step() {
    return step;
  }

  Memory hostStep() {
    return hostStep;
  }

  Memory partial() {
    return partial;
  }

  Memory groups() {
    return groups;
  }

  /** For products whose vectors are brought into another form first. */
  Memory vectors() {
    return vectors;
  }
}
