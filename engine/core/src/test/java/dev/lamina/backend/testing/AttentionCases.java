package dev.lamina.backend.testing;

import dev.lamina.backend.Device;
import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Output;
import dev.lamina.backend.Step;
import dev.lamina.backend.Value;
import dev.lamina.gguf.GgmlType;
import java.util.List;

/** Keys and values in pages, and attention over them. */
final class AttentionCases {
  private static final int HEADS_KV = 2;

  private final BackendContract contract;
  private final Device device;

  AttentionCases(BackendContract contract, Device device) {
    this.contract = contract;
    this.device = device;
  }

  /** What one layer's attention is like. */
  private record Shape(
      int ratio,
      int headDimK,
      int headDimV,
      GgmlType typeK,
      GgmlType typeV,
      int window,
      float softCap,
      float magnitude) {
    String name() {
      return "Attention %d:1, heads of %d%s, %s/%s%s%s%s"
          .formatted(
              ratio,
              headDimK,
              headDimV == headDimK ? "" : " and " + headDimV,
              typeK,
              typeV,
              window > 0 ? ", window " + window : "",
              softCap > 0 ? ", soft-cap " + softCap : "",
              magnitude > 2 ? ", large scores" : "");
    }
  }

  /** All heads' sizes with all types, and each ratio, window and cap in turn. */
  void shapes(Cases cases) {
    int[] ratios = {1, 2, 3, 4, 8};
    int[] windows = {0, 7, 0, 16, 20};
    float[] caps = {0, 0, 30};
    int i = 0;
    for (int headDim : new int[] {64, 80, 96, 128, 256}) {
      for (GgmlType typeK : contract.kvTypes()) {
        for (GgmlType typeV : contract.kvTypes()) {
          // Pairs of different types once each, with heads that all of them can hold.
          if (typeK == typeV || headDim == 64) {
            if (KvSpec.fits(typeK, headDim) && KvSpec.fits(typeV, headDim)) {
              int ratio = ratios[i % ratios.length];
              int window = windows[i / 2 % windows.length];
              add(cases, new Shape(ratio, headDim, headDim, typeK, typeV, window, caps[i % 3], 2));
              i++;
            }
          }
        }
      }
    }
    GgmlType type = contract.kvTypes().iterator().next();
    for (int ratio : ratios) {
      add(cases, new Shape(ratio, 64, 64, type, type, 0, 0, 2));
      add(cases, new Shape(ratio, 128, 128, type, type, 20, 50, 2));
    }
    for (int window : new int[] {1, 2, 15, 16, 17, 32, 1000}) {
      add(cases, new Shape(2, 64, 64, type, type, window, 0, 2));
    }
    add(cases, new Shape(2, 64, 64, type, type, 0, 0, 40));
    add(cases, new Shape(2, 64, 64, type, type, 0, 20, 40));
  }

  private void add(Cases cases, Shape shape) {
    cases.add(shape.name(), () -> mixed(shape));
  }

  private Value layer(Scene scene, int layer, int group, Shape shape) {
    KvSpec kv =
        new KvSpec(
            layer, group, HEADS_KV, shape.headDimK, shape.headDimV, shape.typeK, shape.typeV);
    int heads = HEADS_KV * shape.ratio;
    Value k = scene.source(HEADS_KV * shape.headDimK, shape.magnitude);
    Value v = scene.source(HEADS_KV * shape.headDimV);
    Value q = scene.source(heads * shape.headDimK, shape.magnitude);
    scene.graph().kvStore(kv, k, v);
    float scale = (float) (1 / Math.sqrt(shape.headDimK));
    return scene.graph().attention(kv, heads, scale, shape.window, shape.softCap, q);
  }

  private double bound(Shape shape) {
    return contract.attentionBound(shape.typeK, shape.typeV);
  }

  private static Limits limits(int pageSize, int pages, int groups) {
    int most = 320 / pageSize;
    return new Limits(
        Steps.MAX_TOKENS,
        8,
        4,
        pageSize,
        List.of(new Limits.PageGroup(pages, most), new Limits.PageGroup(pages, most))
            .subList(0, groups));
  }

  /** Prefill of some sequences with decoding of others, on pages in random order. */
  private void mixed(Shape shape) {
    Scene scene = new Scene(40);
    Value out = layer(scene, 0, 0, shape);
    Limits limits = limits(16, 40, 1);
    Batches batches = new Batches(limits, 41);
    try (Rig rig = new Rig(device, scene, limits, Output.HIDDEN, out)) {
      int[][] steps = {
        {0, 1},
        {0, 1},
        {0, 19},
        {0, 1, 1, 9},
        {0, 1, 1, 1},
        {1, 7, 2, 17, 0, 1},
        {2, 1},
        {0, 1, 1, 1, 2, 1},
        {3, 33},
        {3, 33},
        {3, 1, 0, 1, 2, 1, 1, 1},
        {3, 1, 0, 5, 2, 9}
      };
      run(rig, batches, shape, steps);
    }
  }

  private void run(Rig rig, Batches batches, Shape shape, int[][] steps) {
    for (int i = 0; i < steps.length; i++) {
      Step step = batches.step(Output.HIDDEN, steps[i]);
      Closeness.check(shape.name() + ", step " + i, rig.run(step), bound(shape));
    }
  }

  /** Pages: shared, copied, freed by a window and given to others, of several sizes and layers. */
  void pages(Cases cases) {
    for (GgmlType type : contract.kvTypes()) {
      cases.add("shared and copied pages in " + type, () -> shared(type));
      cases.add("pages freed behind a window in " + type, () -> freed(type));
      cases.add("two layers with page tables of their own in " + type, () -> groups(type));
      cases.add("a sequence of 300 in " + type, () -> longSequence(type));
    }
    GgmlType type = contract.kvTypes().iterator().next();
    for (int pageSize : new int[] {32, 64, 128}) {
      cases.add("pages of " + pageSize, () -> pageSize(type, pageSize));
    }
  }

  private static Shape plain(GgmlType type, int window) {
    return new Shape(2, 64, 64, type, type, window, 0, 2);
  }

  private void shared(GgmlType type) {
    Shape shape = plain(type, 0);
    Scene scene = new Scene(42);
    Value out = scene.graph().add(layer(scene, 0, 0, shape), layer(scene, 1, 0, shape));
    Limits limits = limits(16, 20, 1);
    Batches batches = new Batches(limits, 43);
    try (Rig rig = new Rig(device, scene, limits, Output.HIDDEN, out)) {
      run(rig, batches, shape, new int[][] {{0, 33}, {0, 5}});
      batches.fork(0, 1);
      batches.fork(0, 2);
      run(rig, batches, shape, new int[][] {{1, 3, 2, 1}, {0, 20, 1, 1, 2, 1}});
      batches.fork(1, 3);
      run(rig, batches, shape, new int[][] {{0, 1, 1, 1, 2, 1, 3, 1}, {3, 12, 1, 11}});
      batches.end(0);
      run(rig, batches, shape, new int[][] {{0, 33}, {1, 1, 0, 1, 3, 1}});
    }
  }

  private void freed(GgmlType type) {
    int window = 20;
    Shape shape = plain(type, window);
    Scene scene = new Scene(44);
    Value out = layer(scene, 0, 0, shape);
    // Hardly more pages than windows need: those that are freed are soon given out again.
    Limits limits = limits(16, 10, 1);
    Batches batches = new Batches(limits, 45);
    try (Rig rig = new Rig(device, scene, limits, Output.HIDDEN, out)) {
      for (int i = 0; i < 12; i++) {
        run(rig, batches, shape, new int[][] {{0, 16, 1, 1}, {1, 17, 0, 1}});
        batches.slide(0, 0, window);
        batches.slide(1, 0, window);
      }
    }
  }

  private void groups(GgmlType type) {
    int window = 18;
    Shape global = plain(type, 0);
    Shape local = plain(type, window);
    Scene scene = new Scene(46);
    Value out =
        scene
            .graph()
            .add(
                scene.graph().add(layer(scene, 0, 0, global), layer(scene, 1, 1, local)),
                layer(scene, 2, 0, global));
    Limits limits = limits(16, 24, 2);
    Batches batches = new Batches(limits, 47);
    try (Rig rig = new Rig(device, scene, limits, Output.HIDDEN, out)) {
      for (int i = 0; i < 5; i++) {
        run(rig, batches, global, new int[][] {{0, 20, 2, 3}, {2, 1, 0, 1}});
        batches.slide(0, 1, window);
        batches.slide(2, 1, window);
      }
      batches.fork(0, 1);
      run(rig, batches, global, new int[][] {{1, 9, 0, 1}, {2, 1, 1, 1}});
    }
  }

  private void longSequence(GgmlType type) {
    Shape shape = new Shape(4, 128, 128, type, type, 0, 0, 8);
    Scene scene = new Scene(48);
    Value out = layer(scene, 0, 0, shape);
    Limits limits = limits(16, 24, 1);
    Batches batches = new Batches(limits, 49);
    try (Rig rig = new Rig(device, scene, limits, Output.HIDDEN, out)) {
      for (int i = 0; i < 9; i++) {
        run(rig, batches, shape, new int[][] {{1, 32}, {1, 1}});
      }
    }
  }

  private void pageSize(GgmlType type, int pageSize) {
    Shape shape = plain(type, 40);
    Scene scene = new Scene(50);
    Value out = layer(scene, 0, 0, shape);
    Limits limits = limits(pageSize, 12, 1);
    Batches batches = new Batches(limits, 51);
    try (Rig rig = new Rig(device, scene, limits, Output.HIDDEN, out)) {
      for (int i = 0; i < 4; i++) {
        run(rig, batches, shape, new int[][] {{0, 31, 3, 2}, {3, 15, 0, 1}, {0, 1, 3, 1}});
        batches.slide(0, 0, 40);
      }
    }
  }

  /** Keys and values of different sizes. */
  void differentHeads(Cases cases) {
    GgmlType type = contract.kvTypes().iterator().next();
    add(cases, new Shape(2, 128, 64, type, type, 0, 0, 2));
    add(cases, new Shape(1, 64, 128, type, type, 9, 0, 2));
  }
}
