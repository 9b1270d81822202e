package dev.lamina.cpu;

import dev.lamina.backend.CpuMath;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.Graph;
import dev.lamina.backend.GraphBuilder;
import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.Output;
import dev.lamina.backend.Program;
import dev.lamina.backend.RopeSpec;
import dev.lamina.backend.Step;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Value;
import dev.lamina.backend.Weight;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.SyntheticWeights;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * One op of a 1 B llama at a time, as a program runs it, over so many copies that none stays in a
 * cache where a model's would not.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class KernelBenchmark {
  /** Width of the hidden state, and of what is between the feed-forward products. */
  static final int WIDTH = 2048;

  static final int FFN = 8192;
  static final int HEADS = 32;
  static final int HEADS_KV = 8;
  static final int HEAD_DIM = 64;
  private static final int PAGE = 64;

  /** Ops over a given input. */
  private static final Set<String> INPUT = Set.of("product", "floats", "add", "norm");

  /** Threads, by the property {@code lamina.bench.threads}. */
  static final int THREADS = Integer.getInteger("lamina.bench.threads", 2);

  /**
   * The op and what it is over: {@code product Q4_0 1}, {@code attention F16 4096 1}, ...; {@code
   * floats Q4_0 512} is the product in float32.
   */
  @Param("product Q4_0 1")
  public String work;

  private CpuDevice device;
  private Arena arena;
  private Program program;
  private Step step;

  /** What is timed in place of a program, if anything. */
  private QuantizeWork rounding;

  /** What one repetition asks of the machine. */
  record Cost(double bytes, double flops) {}

  /** Copies of an op in a graph. */
  static int copies(String[] words) {
    return switch (words[0]) {
      case "product", "floats" -> words[2].equals("1") ? 32 : 1;
      case "attention" -> 16;
      default -> 4;
    };
  }

  /** Bytes that must be read and written at least, and float operations. */
  static Cost cost(String work) {
    String[] words = work.split(" ");
    int copies = copies(words);
    switch (words[0]) {
      case "product", "floats" -> {
        GgmlType type = GgmlType.valueOf(words[1]);
        double tokens = Integer.parseInt(words[2]);
        return new Cost(
            copies * (double) type.rowBytes(WIDTH) * FFN, copies * 2.0 * WIDTH * FFN * tokens);
      }
      case "attention" -> {
        GgmlType type = GgmlType.valueOf(words[1]);
        double depth = Integer.parseInt(words[2]);
        double tokens = Integer.parseInt(words[3]);
        return new Cost(
            copies * 2 * HEADS_KV * (double) type.rowBytes(HEAD_DIM) * (depth + tokens),
            copies * 4.0 * HEADS * HEAD_DIM * tokens * (depth + (tokens + 1) / 2));
      }
      case "quantize" -> {
        GgmlType type = GgmlType.valueOf(words[1]);
        return new Cost(QuantizeWork.bytes(type, Integer.parseInt(words[2]), WIDTH), 0);
      }
      default -> {
        double tokens = Integer.parseInt(words[1]);
        double values =
            switch (words[0]) {
              case "gate" -> 3.0 * FFN;
              case "add" -> 3.0 * WIDTH;
              default -> 2.0 * WIDTH;
            };
        return new Cost(copies * 4 * values * tokens, 0);
      }
    }
  }

  @Setup(Level.Trial)
  public void open() {
    String[] words = work.split(" ");
    arena = Arena.ofShared();
    CpuMath math = words[0].equals("floats") ? CpuMath.F32 : CpuMath.I8;
    device = new CpuDevice(new DeviceOptions(THREADS, true, math), Start.SIMD);
    if (words[0].equals("quantize")) {
      rounding =
          new QuantizeWork(GgmlType.valueOf(words[1]), Integer.parseInt(words[2]), WIDTH, arena);
      return;
    }
    GraphBuilder graph = new GraphBuilder();
    int tokens = Integer.parseInt(words[words.length - 1]);
    int depth = words[0].equals("attention") ? Integer.parseInt(words[2]) : 0;
    Value out = graph(graph, words);
    Graph built = graph.build(Output.HIDDEN, out);
    int pages = (depth + tokens + PAGE - 1) / PAGE;
    int most = Math.max(tokens, Math.min(512, depth));
    Limits limits = new Limits(most, 1, 1, PAGE, List.of(new Limits.PageGroup(pages, pages)));
    Map<TensorSpec, Weight> weights = new HashMap<>();
    for (TensorSpec spec : built.weights()) {
      MemorySegment data = arena.allocate(spec.bytes(), 64);
      SyntheticWeights.fill(spec.type(), spec.name().hashCode(), data, 0.05f);
      weights.put(spec, device.load(spec, data));
    }
    program = device.compile(built, weights, limits);
    if (INPUT.contains(words[0])) {
      float[] values = new float[most * WIDTH];
      RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) random.nextGaussian();
      }
      program.input().write(0, MemorySegment.ofArray(values));
    }
    for (int at = 0; at < depth; at += most) {
      program.submit(step(at, Math.min(most, depth - at), pages));
    }
    step = step(depth, tokens, pages);
  }

  private static Value graph(GraphBuilder graph, String[] words) {
    Value out = null;
    int copies = copies(words);
    Value in = INPUT.contains(words[0]) ? graph.input(WIDTH) : null;
    Value q = in == null ? table(graph, words[0].equals("gate") ? FFN : WIDTH, "q") : in;
    for (int i = 0; i < copies; i++) {
      switch (words[0]) {
        case "product", "floats" -> {
          TensorSpec weight = TensorSpec.matrix("w" + i, GgmlType.valueOf(words[1]), WIDTH, FFN);
          Value product = graph.matMul(weight, in);
          out = out == null ? product : graph.add(out, product); // else nobody would need it
        }
        case "attention" -> {
          GgmlType type = GgmlType.valueOf(words[1]);
          KvSpec kv = new KvSpec(i, 0, HEADS_KV, HEAD_DIM, HEAD_DIM, type, type);
          Value k = table(graph, HEADS_KV * HEAD_DIM, "k" + i);
          graph.kvStore(kv, k, k);
          q = graph.attention(kv, HEADS, 0.125f, 0, 0, q);
          out = q;
        }
        case "gate" -> {
          q = graph.gated(Op.Activation.SILU, q, q);
          out = q;
        }
        case "add" -> {
          q = graph.add(q, in);
          out = q;
        }
        case "norm" -> {
          q = graph.rmsNorm(TensorSpec.vector("g" + i, GgmlType.F32, WIDTH), 1e-5f, q);
          out = q;
        }
        case "rope" -> {
          q = graph.rope(rope(), q);
          out = q;
        }
        default -> throw new IllegalArgumentException(String.join(" ", words));
      }
    }
    return out;
  }

  private static RopeSpec rope() {
    return new RopeSpec(
        HEAD_DIM, HEAD_DIM, RopeSpec.Pairing.ADJACENT, 10000, 1, 0, 1, 32, 1, 4096, null);
  }

  private static Value table(GraphBuilder graph, int width, String name) {
    return graph.embed(TensorSpec.embedding(name, GgmlType.F32, width, 1));
  }

  private static Step step(int position, int tokens, int pages) {
    int[] positions = new int[tokens];
    for (int t = 0; t < tokens; t++) {
      positions[t] = position + t;
    }
    int[] table = new int[pages];
    for (int p = 0; p < pages; p++) {
      table[p] = p;
    }
    return new Step(
        new int[tokens],
        positions,
        new int[tokens],
        new int[0],
        new int[][][] {{table}},
        List.of(),
        Output.HIDDEN);
  }

  @Benchmark
  public void step() {
    if (rounding != null) {
      rounding.run();
    } else {
      program.submit(step);
    }
  }

  @TearDown(Level.Trial)
  public void close() {
    device.close();
    arena.close();
  }
}
