package dev.lamina.cpu.kernel;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.Output;
import dev.lamina.backend.Step;
import dev.lamina.backend.Value;
import dev.lamina.cpu.attention.StoreCode;
import dev.lamina.cpu.code.CpuId;
import dev.lamina.cpu.code.Isa;
import dev.lamina.cpu.simd.Simd;
import dev.lamina.gguf.Dequantizer;
import dev.lamina.gguf.GgmlType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Long sequences, whose positions threads share, and all row counts, for each instruction set that
 * the processor has: against the same arithmetic in doubles over what the pages hold.
 */
class CodeAttentionKernelTest {
  private static final int HEADS = 3;

  /** Memory, pages in random order, and one step's places. */
  private static final class Bench {
    private final Random random;
    private final KvSpec kv;
    private final int ratio;
    private final Place k;
    private final Place v;
    private final Place q;
    private final Place out;
    private final KvMemory memory;
    private final Op.Attention op;
    private final CodeAttentionKernel kernel;
    private final long scratch;
    private final StepState state;
    private final int[][][] table;
    private final float[][] keys;
    private final float[][] values;

    Bench(
        Arena arena,
        Random random,
        Isa isa,
        KvSpec kv,
        int ratio,
        int pageSize,
        int context,
        int maxTokens,
        int window,
        float softCap,
        int workers) {
      this.random = random;
      this.kv = kv;
      this.ratio = ratio;
      int pages = (context + pageSize - 1) / pageSize;
      memory =
          new KvMemory(
              kv,
              pageSize,
              arena.allocate(KvMemory.keyBytes(kv, pageSize) * pages + 256, 64).address(),
              arena.allocate(KvMemory.valueBytes(kv, pageSize) * pages + 256, 64).address());
      k = place(arena, HEADS * kv.headDimK() * maxTokens);
      v = place(arena, HEADS * kv.headDimV() * maxTokens);
      q = place(arena, HEADS * ratio * kv.headDimK() * maxTokens);
      out = place(arena, HEADS * ratio * kv.headDimV() * maxTokens);
      op =
          new Op.Attention(
              kv,
              HEADS * ratio,
              0.3f,
              window,
              softCap,
              new Value(0, HEADS * ratio * kv.headDimK(), Value.Rows.TOKENS),
              new Value(1, HEADS * ratio * kv.headDimV(), Value.Rows.TOKENS));
      Place partials = place(arena, (int) (CodeAttentionKernel.partialBytes(op) / 4));
      kernel = new CodeAttentionKernel(isa, op, memory, q, out, partials);
      scratch = arena.allocate(kernel.scratchBytes() + 256, 64).address();
      state =
          new StepState(
              new Limits(maxTokens, 1, 1, pageSize, List.of(new Limits.PageGroup(pages, pages))),
              workers);
      List<Integer> order = new ArrayList<>();
      for (int p = 0; p < pages; p++) {
        order.add(p);
      }
      Collections.shuffle(order, random);
      table = new int[][][] {{order.stream().mapToInt(p -> p).toArray()}};
      keys = new float[context][];
      values = new float[context][];
    }

    private static Place place(Arena arena, int floats) {
      Place place = new Place(4L * floats, true);
      place.put(arena.allocate(4L * floats + 64, 64).address());
      return place;
    }

    private float[] fill(Place place, int n, float magnitude) {
      float[] x = new float[n];
      for (int i = 0; i < n; i++) {
        x[i] = magnitude * (2 * random.nextFloat() - 1);
        Simd.storeFloat(place.address() + 4L * i, x[i]);
      }
      return x;
    }

    /** What a row becomes in the pages. */
    private static float[] stored(GgmlType type, float[] row, Arena arena) {
      long x = arena.allocate(4L * row.length, 64).address();
      long code = arena.allocate(type.rowBytes(row.length) + 64, 64).address();
      for (int i = 0; i < row.length; i++) {
        Simd.storeFloat(x + 4L * i, row[i]);
      }
      RowCodec.encode(type, x, row.length, code);
      byte[] bytes = new byte[(int) type.rowBytes(row.length)];
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = Simd.ALL.get(Simd.BYTE, code + i);
      }
      float[] back = new float[row.length];
      Dequantizer.decode(type, MemorySegment.ofArray(bytes), 0, back, 0, row.length);
      return back;
    }

    /** Stores and attends to some tokens from a position on; compares all outputs. */
    void step(int position, int tokens, Arena arena, String what) {
      step(position, tokens, 2, 1e-11, arena, what);
    }

    void step(int position, int tokens, float magnitude, double bound, Arena arena, String what) {
      float[] newK = fill(k, HEADS * kv.headDimK() * tokens, 1);
      float[] newV = fill(v, HEADS * kv.headDimV() * tokens, 1);
      float[] query = fill(q, HEADS * ratio * kv.headDimK() * tokens, magnitude);
      int[] positions = new int[tokens];
      for (int t = 0; t < tokens; t++) {
        positions[t] = position + t;
        keys[position + t] = new float[HEADS * kv.headDimK()];
        values[position + t] = new float[HEADS * kv.headDimV()];
        for (int h = 0; h < HEADS; h++) {
          put(newK, t, h, kv.headDimK(), kv.typeK(), keys[position + t], arena);
          put(newV, t, h, kv.headDimV(), kv.typeV(), values[position + t], arena);
        }
      }
      state.begin(
          new Step(
              new int[tokens],
              positions,
              new int[tokens],
              new int[0],
              table,
              List.of(),
              Output.HIDDEN),
          false);
      KvStoreKernel store =
          new KvStoreKernel(memory, k, v, random.nextBoolean() ? null : new StoreCode());
      for (int u = store.plan(state); u-- > 0; ) {
        store.run(state, u, scratch);
      }
      int units = kernel.plan(state);
      List<Integer> order = new ArrayList<>();
      for (int u = 0; u < units; u++) {
        order.add(u);
      }
      Collections.shuffle(order, random);
      order.forEach(u -> kernel.run(state, u, scratch));
      check(query, position, tokens, bound, what);
      state.end();
    }

    private static void put(
        float[] rows, int t, int h, int dim, GgmlType type, float[] to, Arena arena) {
      float[] row = new float[dim];
      System.arraycopy(rows, (t * HEADS + h) * dim, row, 0, dim);
      System.arraycopy(stored(type, row, arena), 0, to, h * dim, dim);
    }

    private void check(float[] query, int position, int tokens, double bound, String what) {
      double error = 0;
      double square = 0;
      double[] expected = new double[kv.headDimV()];
      for (int t = 0; t < tokens; t++) {
        for (int h = 0; h < HEADS * ratio; h++) {
          int row = t * HEADS * ratio + h;
          oracle(query, row * kv.headDimK(), position + t, h / ratio, expected);
          for (int d = 0; d < expected.length; d++) {
            double actual = Simd.loadFloat(out.address() + 4L * (row * expected.length + d));
            error += (actual - expected[d]) * (actual - expected[d]);
            square += expected[d] * expected[d];
          }
        }
      }
      assertTrue(error <= bound * square, what + ": error " + error / square);
    }

    private void oracle(float[] query, int at, int position, int head, double[] to) {
      int low = op.window() > 0 ? Math.max(0, position - op.window() + 1) : 0;
      double[] scores = new double[position + 1];
      double most = Double.NEGATIVE_INFINITY;
      for (int p = low; p <= position; p++) {
        double sum = 0;
        for (int d = 0; d < kv.headDimK(); d++) {
          sum += (double) query[at + d] * keys[p][head * kv.headDimK() + d];
        }
        sum *= op.scale();
        scores[p] = op.softCap() > 0 ? op.softCap() * Math.tanh(sum / op.softCap()) : sum;
        most = Math.max(most, scores[p]);
      }
      double total = 0;
      Arrays.fill(to, 0);
      for (int p = low; p <= position; p++) {
        double weight = Math.exp(scores[p] - most);
        total += weight;
        for (int d = 0; d < to.length; d++) {
          to[d] += weight * values[p][head * kv.headDimV() + d];
        }
      }
      for (int d = 0; d < to.length; d++) {
        to[d] /= total;
      }
    }
  }

  private static Stream<Isa> here() {
    return Stream.of(Isa.values())
        .filter(isa -> CpuId.read() != null && isa.runsOn(CpuId.read()))
        .filter(isa -> isa != Isa.AVX_VNNI);
  }

  @TestFactory
  Stream<DynamicTest> shapes() {
    return here().map(isa -> DynamicTest.dynamicTest(isa.label(), () -> shapes(isa)));
  }

  private void shapes(Isa isa) {
    GgmlType[] types = {GgmlType.F16, GgmlType.F32, GgmlType.BF16, GgmlType.Q8_0, GgmlType.Q4_0};
    int[] dims = {64, 128, 80, 32, 96, 256, 112, 48};
    Random random = new Random(7);
    for (int i = 0; i < 40; i++) {
      GgmlType typeK = types[i % 5];
      GgmlType typeV = types[(i / 5 + i) % 5];
      int dim = dims[random.nextInt(dims.length)];
      dim = KvSpec.fits(typeK, dim) && KvSpec.fits(typeV, dim) ? dim : 64;
      int ratio = 1 + i % 8;
      int pageSize = 16 << random.nextInt(4);
      int window = random.nextInt(3) == 0 ? 1 + random.nextInt(700) : 0;
      float cap = random.nextInt(4) == 0 ? 5 : 0;
      int workers = 1 + random.nextInt(5);
      int prompt = 1 + random.nextInt(40);
      // keys may have more dimensions than values
      int more = random.nextInt(4) == 0 && typeK.blockSize() == 1 ? 16 : 0;
      KvSpec kv = new KvSpec(0, 0, HEADS, dim + more, dim, typeK, typeV);
      String what =
          "%s %s/%s %d:1, heads of %d, pages of %d, window %d, cap %s, %d workers"
              .formatted(isa, typeK, typeV, ratio, dim, pageSize, window, cap, workers);
      try (Arena arena = Arena.ofConfined()) {
        Bench bench =
            new Bench(arena, random, isa, kv, ratio, pageSize, 210, 70, window, cap, workers);
        int at = 0;
        for (int n : new int[] {1, prompt, 1, 40, 2, 70, 50}) {
          bench.step(at, n, arena, what + ": " + n + " at " + at);
          at += n;
        }
      }
    }
  }

  @TestFactory
  Stream<DynamicTest> longSequences() {
    return here().map(isa -> DynamicTest.dynamicTest(isa.label(), () -> longSequences(isa)));
  }

  private void longSequences(Isa isa) {
    Random random = new Random(8);
    for (GgmlType type : new GgmlType[] {GgmlType.F16, GgmlType.Q8_0}) {
      for (int window : new int[] {0, 600}) {
        KvSpec kv = new KvSpec(0, 0, HEADS, 32, 32, type, type);
        try (Arena arena = Arena.ofConfined()) {
          Bench bench = new Bench(arena, random, isa, kv, 2, 64, 2100, 300, window, 0, 4);
          int at = 0;
          for (int n : new int[] {300, 300, 300, 300, 300, 1, 1, 2, 8, 300, 3, 1}) {
            bench.step(at, n, arena, isa + " " + type + " window " + window + " at " + at);
            at += n;
          }
        }
      }
    }
  }

  @TestFactory
  Stream<DynamicTest> prompts() {
    return here().map(isa -> DynamicTest.dynamicTest(isa.label(), () -> prompts(isa)));
  }

  /** Many rows over several tiles of positions, whose ends lie anywhere in them. */
  private void prompts(Isa isa) {
    Random random = new Random(10);
    int[][] shapes = {{64, 4, 0}, {128, 3, 0}, {80, 5, 200}, {64, 8, 70}, {96, 1, 0}, {256, 2, 33}};
    for (int[] shape : shapes) {
      GgmlType type = shape[0] % 32 == 0 && random.nextBoolean() ? GgmlType.Q8_0 : GgmlType.F16;
      KvSpec kv = new KvSpec(0, 0, HEADS, shape[0], shape[0], type, type);
      try (Arena arena = Arena.ofConfined()) {
        Bench bench =
            new Bench(
                arena,
                random,
                isa,
                kv,
                shape[1],
                64,
                500,
                170,
                shape[2],
                shape[0] == 96 ? 30 : 0,
                2);
        int at = 0;
        for (int n : new int[] {37, 140, 13}) {
          String what = "%s %s %s: %d at %d".formatted(isa, type, Arrays.toString(shape), n, at);
          bench.step(at, n, arena, what);
          at += n;
        }
      }
    }
  }

  @TestFactory
  Stream<DynamicTest> largeScores() {
    return here().map(isa -> DynamicTest.dynamicTest(isa.label(), () -> largeScores(isa)));
  }

  /** Weights down to nothing: what float32 leaves of a score is then what limits them. */
  private void largeScores(Isa isa) {
    Random random = new Random(11);
    KvSpec kv = new KvSpec(0, 0, HEADS, 64, 64, GgmlType.F16, GgmlType.F16);
    for (float magnitude : new float[] {30, 300, 30000}) {
      try (Arena arena = Arena.ofConfined()) {
        Bench bench = new Bench(arena, random, isa, kv, 4, 64, 200, 100, 0, 0, 2);
        double last = Math.scalb(magnitude, -20);
        for (int at = 0; at < 200; at += 100) {
          bench.step(at, 100, magnitude, last * last + 1e-11, arena, isa + " times " + magnitude);
        }
      }
    }
  }
}
