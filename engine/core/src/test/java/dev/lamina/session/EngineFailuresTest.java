package dev.lamina.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.LaminaException;
import dev.lamina.backend.BackendProvider;
import dev.lamina.backend.Discovery;
import dev.lamina.backend.Support;
import dev.lamina.backend.testing.FakeGpu;
import dev.lamina.backend.testing.FakeGpu.Fault;
import dev.lamina.backend.testing.FakeProvider;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The engine on devices that fail, at once or in the middle, or lack something. */
class EngineFailuresTest extends EngineCase {
  @ParameterizedTest
  @EnumSource(Fault.class)
  void deviceThatFailsAtOnceIsLeftOut(Fault fault) {
    FakeGpu gpu = FakeGpu.builder("Fake0").fail(fault, 0).build();
    try (Engine engine = engine(99, 1, 16, FakeProvider.of("fake", gpu))) {
      assertSame(generate(engine, engine.newSequence()));
      // The engine allocates no buffers of its own, so that fault never comes; a load that fails
      // for want of memory is
      // tried again.
      boolean fails = fault != Fault.ALLOCATE && fault != Fault.LOAD;
      assertEquals(fails ? 0 : graph.layers() + 1, engine.placement().offloaded());
      if (fails) {
        assertTrue(
            engine.placement().notes().stream().anyMatch(n -> n.contains("Fake0")),
            engine.placement().notes().toString());
      }
    }
  }

  @Test
  void memoryThatDoesNotSufficeAfterAllMeansFewerLayers() {
    long layer = graph.stage(0, 1, false).weights().stream().mapToLong(w -> w.bytes()).sum();
    // The card says that all of its memory is free, and has room for about half of the model.
    FakeGpu gpu = FakeGpu.builder("Fake0").memory(10 * layer, 6 * layer).pretendFree().build();
    try (Engine engine = engine(99, 1, 16, FakeProvider.of("fake", gpu))) {
      int offloaded = engine.placement().offloaded();
      assertTrue(offloaded >= 1 && offloaded <= 6, "offloaded " + offloaded);
      assertTrue(
          engine.placement().notes().stream().anyMatch(n -> n.contains("Fake0 ran out of memory")),
          engine.placement().notes().toString());
      assertSame(generate(engine, engine.newSequence()));
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {"SUBMIT", "LOST"})
  void deviceThatFailsInTheMiddleCostsNoText(Fault fault) {
    for (int at : new int[] {2, 20}) {
      for (int layers : new int[] {1, 99}) {
        FakeGpu gpu = FakeGpu.builder("Fake0").fail(fault, at).build();
        try (Engine engine = engine(layers, 1, 16, FakeProvider.of("fake", gpu))) {
          assertSame(generate(engine, engine.newSequence()));
          assertEquals(0, engine.placement().offloaded());
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {"SUBMIT", "LOST"})
  void secondGpuGoesOnWhenTheFirstFails(Fault fault) {
    for (int at : new int[] {0, 2, 10}) {
      FakeGpu bad = FakeGpu.builder("Fake0").fail(fault, at).build();
      FakeGpu good = FakeGpu.builder("Fake1").build();
      try (Engine engine = engine(99, 1, 16, FakeProvider.of("fake", bad, good))) {
        assertSame(generate(engine, engine.newSequence()));
        assertEquals(graph.layers() + 1, engine.placement().offloaded());
        assertEquals(
            List.of("Fake1"),
            engine.placement().stages().stream().map(s -> s.deviceId()).distinct().toList());
      }
    }
  }

  @Test
  void bothGpusMayFail() {
    FakeGpu a = FakeGpu.builder("Fake0").fail(Fault.LOST, 5).build();
    // This one fails while it computes the lost keys and values again.
    FakeGpu b = FakeGpu.builder("Fake1").fail(Fault.LOST, 6).build();
    try (Engine engine = engine(99, 1, 16, FakeProvider.of("fake", a, b))) {
      assertSame(generate(engine, engine.newSequence()));
      assertEquals(0, engine.placement().offloaded());
      assertTrue(engine.placement().notes().stream().anyMatch(n -> n.contains("Fake0")));
      assertTrue(engine.placement().notes().stream().anyMatch(n -> n.contains("Fake1")));
    }
  }

  /** The device fails while the weights cannot be read: told, and made good by the next step. */
  @Test
  void whatCannotBeReplacedNowIsReplacedByTheNextStep() {
    boolean[] gone = new boolean[1];
    WeightSource source =
        spec -> {
          if (gone[0]) {
            throw new LaminaException("the file is gone");
          }
          return weights(spec);
        };
    FakeGpu gpu = FakeGpu.builder("Fake0").fail(Fault.LOST, 5).build();
    try (Engine engine = engine(source, 99, 1, 40, FakeProvider.of("fake", gpu))) {
      Sequence sequence = engine.newSequence();
      gone[0] = true;
      List<float[]> all = new ArrayList<>();
      run(engine, sequence, prompt(40), all);
      int failures = 0;
      while (all.size() < expected.size()) {
        int[] next = {Sampler.argmax(all.getLast())};
        try {
          run(engine, sequence, next, all);
        } catch (LaminaException e) {
          assertEquals("the file is gone", e.getMessage());
          gone[0] = ++failures < 3;
        }
      }
      assertEquals(3, failures);
      assertEquals(0, engine.placement().offloaded());
      assertSame(all);
    }
  }

  @Test
  void driverThatBreaksIsNoFailedStart() {
    BackendProvider[] broken = {
      FakeProvider.none("cuda", "libcuda.so.1 not found"),
      FakeProvider.failing("vulkan", new UnsatisfiedLinkError("libvulkan.so.1")),
      FakeProvider.failing("opencl", new IllegalStateException("boom")),
    };
    try (Engine engine = engine(99, 1, 16, broken)) {
      assertSame(generate(engine, engine.newSequence()));
    }
  }

  @Test
  void opThatADeviceLacksStaysOnTheCpu() {
    FakeGpu gpu =
        FakeGpu.builder("Fake0")
            .supports(
                op ->
                    op.weights().stream().anyMatch(w -> w.name().startsWith("blk.2."))
                        ? Support.no("not this one")
                        : Support.FULL)
            .build();
    try (Engine engine = engine(99, 1, 16, FakeProvider.of("fake", gpu))) {
      assertEquals(graph.layers(), engine.placement().offloaded());
      assertEquals("CPU", engine.placement().layer(2).device().info().id());
      assertSame(generate(engine, engine.newSequence()));
    }
  }

  @Test
  void forkSurvivesALostDevice() {
    FakeGpu gpu = FakeGpu.builder("Fake0").fail(Fault.LOST, 3).build();
    try (Engine engine = engine(99, 2, 16, FakeProvider.of("fake", gpu))) {
      forkGoesItsOwnWay(engine);
      assertEquals(0, engine.placement().offloaded());
    }
  }

  @Test
  void discoveryWithoutDevicesIsNoFailure() {
    FakeProvider empty =
        new FakeProvider("vulkan", op -> Support.FULL, () -> new Discovery(List.of(), List.of()));
    try (Engine engine = engine(99, 1, 16, empty)) {
      assertSame(generate(engine, engine.newSequence()));
    }
  }
}
