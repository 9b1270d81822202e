package dev.lamina.session;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lamina.backend.BackendProvider;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Output;
import dev.lamina.backend.TensorSpec;
import dev.lamina.features.Backends;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.GgufFile;
import dev.lamina.model.Architectures;
import dev.lamina.model.DecoderGraph;
import dev.lamina.model.ModelOptions;
import dev.lamina.placement.GpuLayers;
import dev.lamina.placement.PlacementRequest;
import java.lang.foreign.MemorySegment;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/**
 * A small gemma3 (7 layers, sliding windows of 16, global layers between them) on the reference
 * device and on made-up GPUs. The GPUs compute as the reference does, so every result must be equal
 * to the last bit.
 */
abstract class EngineCase {
  static final int CONTEXT = 96;
  static final int PAGE = 8;
  static GgufFile file;
  static DecoderGraph graph;
  static List<float[]> expected;

  @BeforeAll
  static void open() throws URISyntaxException {
    file =
        GgufFile.open(
            Path.of(EngineCase.class.getResource("/dev/lamina/model/gemma3.gguf").toURI()));
    graph =
        Architectures.graph(
            file.metadata(), file::tensor, ModelOptions.DEFAULT.withKv(GgmlType.F32, GgmlType.F32));
    try (Engine engine = engine(0, 1, 16)) {
      expected = generate(engine, engine.newSequence());
    }
  }

  @AfterAll
  static void close() {
    file.close();
  }

  /** A sequence goes on as expected after another that it was forked from went elsewhere. */
  static void forkGoesItsOwnWay(Engine engine) {
    Sequence a = engine.newSequence();
    int[] prompt = prompt(40);
    for (int at = 0; at < 30; at += 15) {
      run(engine, a, Arrays.copyOfRange(prompt, at, at + 15), null);
    }
    Sequence b = engine.fork(a);
    run(engine, a, new int[] {1, 2, 3}, null);
    List<float[]> out = new ArrayList<>();
    run(engine, b, Arrays.copyOfRange(prompt, 30, 40), out);
    assertArrayEquals(expected.getFirst(), out.getFirst());
  }

  static Engine engine(int layers, int sequences, int ubatch, BackendProvider... gpus) {
    return engine(EngineCase::weights, layers, sequences, ubatch, gpus);
  }

  static MemorySegment weights(TensorSpec spec) {
    return file.data(file.tensor(spec.name()).orElseThrow());
  }

  static Engine engine(
      WeightSource source, int layers, int sequences, int ubatch, BackendProvider... gpus) {
    List<BackendProvider> providers = new ArrayList<>(List.of(gpus));
    PlacementRequest request =
        PlacementRequest.DEFAULT.withGpuLayers(GpuLayers.of(layers)).withMemoryMargin(0);
    Limits limits =
        new Limits(
            ubatch,
            4,
            sequences,
            PAGE,
            KvPages.groups(graph.groups(), CONTEXT, sequences, ubatch, PAGE));
    return Engine.open(
        graph,
        limits,
        CONTEXT,
        source,
        new DevicePlacer(Backends.of(providers, DeviceOptions.DEFAULT), request),
        LoadProgress.NONE);
  }

  static int[] prompt(int n) {
    int[] tokens = new int[n];
    for (int i = 0; i < n; i++) {
      tokens[i] = (i * 37 + 11) % 1000;
    }
    return tokens;
  }

  /**
   * A prompt of 40 tokens in steps, then 24 greedy tokens; the logits of each step that gave
   * output.
   */
  static List<float[]> generate(Engine engine, Sequence sequence) {
    List<float[]> all = new ArrayList<>();
    int[] prompt = prompt(40);
    int ubatch = engine.limits().maxTokens();
    for (int at = 0; at < prompt.length; at += ubatch) {
      int count = Math.min(ubatch, prompt.length - at);
      boolean last = at + count == prompt.length;
      run(engine, sequence, Arrays.copyOfRange(prompt, at, at + count), last ? all : null);
    }
    for (int i = 0; i < 24; i++) {
      run(engine, sequence, new int[] {Sampler.argmax(all.getLast())}, all);
    }
    return all;
  }

  static void run(Engine engine, Sequence sequence, int[] tokens, List<float[]> out) {
    int[] rows = out == null ? Batch.NO_OUTPUTS : new int[] {tokens.length - 1};
    engine.run(
        new Batch().add(sequence, tokens, 0, tokens.length, rows),
        Output.LOGITS,
        result -> {
          if (out != null) {
            float[] logits = new float[engine.model().vocabulary()];
            Engine.logits(result, 0, logits);
            out.add(logits);
          }
        });
  }

  static void assertSame(List<float[]> actual) {
    assertEquals(expected.size(), actual.size());
    for (int i = 0; i < actual.size(); i++) {
      assertArrayEquals(expected.get(i), actual.get(i), "logits of step " + i);
    }
  }
}
