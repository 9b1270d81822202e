package dev.lamina.session;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.LaminaException;
import dev.lamina.backend.Device;
import dev.lamina.backend.Output;
import dev.lamina.backend.testing.FakeGpu;
import dev.lamina.backend.testing.FakeProvider;
import dev.lamina.placement.Placement;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The engine with layers on several devices, and with several sequences. */
class EngineTest extends EngineCase {
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 4, 7, 8, 99})
  void layersOnAGpuGiveTheSame(int layers) {
    FakeGpu gpu = FakeGpu.builder("Fake0").build();
    try (Engine engine = engine(layers, 1, 16, FakeProvider.of("fake", gpu))) {
      assertEquals(Math.min(layers, graph.layers() + 1), engine.placement().offloaded());
      assertSame(generate(engine, engine.newSequence()));
    }
    assertTrue(gpu.isClosed());
    assertEquals(0, gpu.memoryUsed());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 7, 40})
  void stepSizeDoesNotMatter(int ubatch) {
    try (Engine engine =
        engine(3, 1, ubatch, FakeProvider.of("fake", FakeGpu.builder("Fake0").build()))) {
      assertSame(generate(engine, engine.newSequence()));
    }
  }

  @Test
  void twoGpusShareTheLayers() {
    FakeGpu a = FakeGpu.builder("Fake0").build();
    FakeGpu b = FakeGpu.builder("Fake1").build();
    try (Engine engine = engine(99, 1, 16, FakeProvider.of("fake", a, b))) {
      assertTrue(a.counters().loads() > 0 && b.counters().loads() > 0);
      assertSame(generate(engine, engine.newSequence()));
    }
  }

  @Test
  void nothingIsCompiledOrWaitedForMoreThanNeeded() {
    FakeGpu gpu = FakeGpu.builder("Fake0").build();
    try (Engine engine = engine(99, 1, 16, FakeProvider.of("fake", gpu))) {
      Sequence sequence = engine.newSequence();
      run(engine, sequence, prompt(16), new ArrayList<>());
      FakeGpu.Counters before = gpu.counters();
      run(engine, sequence, new int[] {5}, new ArrayList<>());
      FakeGpu.Counters token = gpu.counters().minus(before);
      assertEquals(0, token.compilations());
      assertEquals(0, token.loads());
      assertEquals(1, token.submissions(), "one submission for a token and stage");
      assertEquals(1, token.synchronisations(), "only the result is waited for");
      assertEquals((long) graph.width() * Float.BYTES, token.bytesIn());
      assertEquals((long) graph.vocabulary() * Float.BYTES, token.bytesOut());
    }
  }

  @Test
  void greedyTokenComesWithoutTheLogits() {
    FakeGpu gpu = FakeGpu.builder("Fake0").build();
    try (Engine engine = engine(99, 1, 40, FakeProvider.of("fake", gpu))) {
      int[] token = new int[1];
      Sequence sequence = engine.newSequence();
      engine.run(
          new Batch().add(sequence, prompt(40), 0, 40, new int[] {39}),
          Output.GREEDY,
          rows -> token[0] = rows.get(ValueLayout.JAVA_INT, 0));
      assertEquals(Sampler.argmax(expected.getFirst()), token[0]);
      assertEquals(Integer.BYTES, gpu.counters().bytesOut());
    }
  }

  @Test
  void sequencesDoNotDisturbEachOther() {
    try (Engine engine =
        engine(4, 3, 16, FakeProvider.of("fake", FakeGpu.builder("Fake0").build()))) {
      Sequence a = engine.newSequence();
      Sequence b = engine.newSequence();
      run(engine, b, prompt(13), null);
      List<float[]> all = generate(engine, a);
      run(engine, b, prompt(5), null);
      assertSame(all);
    }
  }

  @Test
  void mixedBatchEqualsSingleSteps() {
    try (Engine engine =
        engine(4, 2, 32, FakeProvider.of("fake", FakeGpu.builder("Fake0").build()))) {
      Sequence a = engine.newSequence();
      Sequence b = engine.newSequence();
      int[] prompt = prompt(40);
      run(engine, a, Arrays.copyOf(prompt, 30), null);
      List<float[]> both = new ArrayList<>();
      // Generation of one sequence and the prompt of another in one step, output in the middle and
      // at the end.
      engine.run(
          new Batch().add(a, prompt, 30, 10, new int[] {9}).add(b, prompt, 0, 20, new int[] {19}),
          Output.LOGITS,
          rows -> {
            for (int i = 0; i < 2; i++) {
              float[] logits = new float[graph.vocabulary()];
              Engine.logits(rows, i, logits);
              both.add(logits);
            }
          });
      assertArrayEquals(expected.getFirst(), both.get(0));
      List<float[]> rest = new ArrayList<>();
      run(engine, b, Arrays.copyOfRange(prompt, 20, 40), rest);
      assertArrayEquals(expected.getFirst(), rest.getFirst());
    }
  }

  @Test
  void forkSharesAndThenGoesItsOwnWay() {
    try (Engine engine =
        engine(4, 2, 16, FakeProvider.of("fake", FakeGpu.builder("Fake0").build()))) {
      forkGoesItsOwnWay(engine);
    }
  }

  @Test
  void truncationGoesBackAsFarAsTheWindowsRemember() {
    try (Engine engine = engine(0, 1, 16)) {
      Sequence a = engine.newSequence();
      int[] prompt = prompt(40);
      run(engine, a, Arrays.copyOf(prompt, 16), null);
      run(engine, a, new int[] {900, 901}, null);
      assertEquals(16, engine.truncate(a, 16));
      run(engine, a, Arrays.copyOfRange(prompt, 16, 32), null);
      List<float[]> out = new ArrayList<>();
      run(engine, a, Arrays.copyOfRange(prompt, 32, 40), out);
      assertArrayEquals(expected.getFirst(), out.getFirst());
      assertEquals(0, engine.truncate(a, 10), "position 10 would see what is forgotten");
    }
  }

  @Test
  void slotsAreLimitedAndComeBack() {
    try (Engine engine = engine(0, 1, 16)) {
      Sequence a = engine.newSequence();
      LaminaException e = assertThrows(LaminaException.class, engine::newSequence);
      assertTrue(e.getMessage().contains("in use"), e.getMessage());
      engine.release(a);
      engine.newSequence();
    }
  }

  @Test
  void useAfterCloseIsTold() {
    Engine engine = engine(0, 1, 16);
    Sequence a = engine.newSequence();
    engine.close();
    engine.close();
    LaminaException e = assertThrows(LaminaException.class, () -> run(engine, a, prompt(3), null));
    assertEquals("the model is closed", e.getMessage());
  }

  @Test
  void placementSaysWhatIsWhere() {
    FakeGpu gpu = FakeGpu.builder("Fake0").build();
    try (Engine engine = engine(3, 1, 16, FakeProvider.of("fake", gpu))) {
      Placement placement = engine.placement();
      Device last = placement.stages().getLast().device();
      assertEquals("Fake0", last.info().id());
      assertEquals(graph.layers() - 2, placement.stages().getLast().first());
    }
  }
}
