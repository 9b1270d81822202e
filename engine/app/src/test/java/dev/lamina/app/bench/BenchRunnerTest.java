package dev.lamina.app.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.testing.FakeGpu;
import dev.lamina.backend.testing.FakeProvider;
import dev.lamina.features.Backends;
import dev.lamina.session.LoadOptions;
import dev.lamina.testing.Demo;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BenchRunnerTest {
  @Test
  void aDevicesWorkIsCountedPerTokenWithoutWarmUpAndDepth() {
    FakeGpu gpu = FakeGpu.builder("fake0").build();
    Backends backends = Backends.of(List.of(FakeProvider.of("fake", gpu)), DeviceOptions.DEFAULT);
    LoadOptions options = LoadOptions.DEFAULT.withGpuLayers(4).withContext(64);
    BenchModel model = BenchModels.file(Demo.model(), options, backends);
    try (var _ = model.model()) {
      BenchTest test = new BenchTest(0, 3, 5, 1);
      BenchResult result = new BenchRunner(2, true).run(model, test);
      assertEquals(List.of("fake0"), List.copyOf(result.work().keySet()));
      DeviceWork work = result.work().get("fake0");
      FakeGpu.Counters all = gpu.counters();
      // Three times (one to warm up) a step of five tokens, then three of one; timed are the
      // latter, twice.
      assertEquals(12, all.submissions());
      assertEquals(1, work.submissions());
      assertEquals(all.launches() / 12.0, work.dispatches());
      int width = model.model().config().nEmbd() * Float.BYTES;
      assertTrue(work.bytesIn() >= width, "a hidden state goes to the device: " + work);
      assertEquals(Integer.BYTES, work.bytesOut(), "the chosen token comes back, not its logits");
      BenchReport report = new BenchReport("1");
      report.add(result);
      Map<?, ?> recorded = (Map<?, ?>) report.records().getFirst().get("device_work_per_token");
      assertEquals(Map.of("fake0", work.record()), recorded);
      assertTrue(work.toString().startsWith("1.000 submissions, "), work.toString());
    }
  }

  @Test
  void textsAreGeneratedAtOnce() {
    FakeGpu gpu = FakeGpu.builder("fake0").build();
    Backends backends = Backends.of(List.of(FakeProvider.of("fake", gpu)), DeviceOptions.DEFAULT);
    LoadOptions options = LoadOptions.DEFAULT.withGpuLayers(4).withContext(64).withSequences(3);
    BenchModel model = BenchModels.file(Demo.model(), options, backends);
    assertTrue(model.loadNanos() > 0);
    try (var _ = model.model()) {
      BenchTest test = new BenchTest(0, 4, 0, 3);
      assertEquals("tg4 x 3", test.label());
      assertEquals(12, test.tokens());
      BenchResult result = new BenchRunner(1, false).run(model, test);
      // A step has a token of each text.
      assertEquals(4, gpu.counters().submissions());
      assertEquals(4 / 12.0, result.work().get("fake0").submissions());
    }
  }
}
