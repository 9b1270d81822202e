package dev.lamina.vulkan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceInfo;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.features.Backends;
import dev.lamina.gguf.GgmlType;
import dev.lamina.placement.GpuLayers;
import dev.lamina.placement.PlacementRequest;
import dev.lamina.placement.Stage;
import dev.lamina.session.GenerateOptions;
import dev.lamina.session.LoadOptions;
import dev.lamina.session.Model;
import dev.lamina.session.Sampling;
import dev.lamina.session.Session;
import dev.lamina.session.Token;
import dev.lamina.testing.Demo;
import dev.lamina.testing.Golden;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole models on Vulkan, wholly or in part, against golden logits and against the CPU. */
@ExtendWith(TestDevices.Validation.class)
class VulkanModelTest {
  private static final int GOLDEN_TOKENS = 66;
  private static final GenerateOptions GREEDY =
      GenerateOptions.DEFAULT.withSampling(Sampling.GREEDY).withMaxTokens(32).withIgnoreEnd(true);

  @BeforeAll
  static void needsADevice() {
    TestDevices.open(TestDevices.options()).close();
  }

  private static Model load(Path file, GpuLayers layers, VulkanOptions vulkan) {
    return load(file, layers, vulkan, 40);
  }

  private static Model load(Path file, GpuLayers layers, VulkanOptions vulkan, int ubatch) {
    LoadOptions options =
        LoadOptions.DEFAULT
            .withContext(160)
            .withUbatch(ubatch)
            .withOutputs(GOLDEN_TOKENS)
            .withKv(GgmlType.F32, GgmlType.F32)
            .withPlacement(
                PlacementRequest.DEFAULT
                    .withDevices("Vulkan0")
                    .withMemoryMargin(0)
                    .withGpuLayers(layers));
    VulkanBackendProvider provider = new VulkanBackendProvider(vulkan);
    return Model.load(file, options, Backends.of(List.of(provider), DeviceOptions.DEFAULT));
  }

  private static int onVulkan(Model model) {
    int layers = 0;
    for (var layer : model.placement().layers()) {
      if (isVulkan(layer.device())) {
        layers++;
      }
    }
    return layers;
  }

  private static boolean isVulkan(Device device) {
    return device.info().kind() != DeviceInfo.Kind.CPU;
  }

  private static List<Integer> greedy(Model model, int[] prompt, int tokens) {
    List<Integer> ids = new ArrayList<>();
    try (Session session = model.newSession()) {
      for (Token token : session.generate(prompt, GREEDY.withMaxTokens(tokens))) {
        ids.add(token.id());
      }
    }
    return ids;
  }

  @ParameterizedTest
  @MethodSource("dev.lamina.testing.Golden#architectures")
  void logitsAreGoldenAndTextIsTheCpus(String name) throws IOException {
    Golden golden = Golden.ofArchitecture(name);
    Path file = golden.file();
    int[] prompt = golden.prompt();
    List<Integer> expected;
    int all;
    try (Model model = load(file, GpuLayers.of(0), TestDevices.options())) {
      assertEquals(0, onVulkan(model));
      all = model.placement().layers().size();
      expected = greedy(model, prompt, 12);
    }
    for (int layers : new int[] {1, 2, all / 2, all}) {
      try (Model model = load(file, GpuLayers.of(layers), TestDevices.options())) {
        assertEquals(layers, onVulkan(model));
        assertEquals(expected, greedy(model, prompt, 12), name + " with -ngl " + layers);
        double error = golden.error(model);
        assertTrue(error < 2e-4, name + " with -ngl " + layers + ": " + error);
      }
    }
  }

  /**
   * Kernels that round activations: more than float32 does, and no more than they may. Steps of 8
   * tokens are products with few vectors, larger ones tiles.
   */
  @ParameterizedTest
  @CsvSource({
    "INTEGERS, 8, Q4_0, 0.03",
    "INTEGERS, 8, Q6_K, 0.03",
    "INTEGERS, 8, Q8_0, 0.03",
    "INTEGERS, 1, Q4_K_M, 0.03",
    "INTEGERS, 40, Q4_0, 0.03",
    "INTEGERS, 40, Q4_K_M, 0.03",
    "HALVES, 40, Q4_0, 0.003",
    "HALVES, 40, Q6_K, 0.003",
    "MATRICES, 40, Q4_0, 0.003",
    "MATRICES, 40, Q4_K_M, 0.003"
  })
  void kernelsThatRoundKeepWithinTheirBudget(
      Feature feature, int ubatch, String type, double budget) throws IOException {
    assumeChosen(feature);
    VulkanOptions options = TestDevices.options().with(feature);
    Golden golden = Golden.ofDemo(type).first(40);
    try (Model model = load(golden.file(), GpuLayers.ALL, options, ubatch)) {
      double error = golden.error(model);
      assertTrue(error > 1e-4, "these kernels did not run: " + error);
      assertTrue(error < budget, "error " + error);
    }
  }

  private static void assumeChosen(Feature feature) {
    try (VulkanDevice device =
        (VulkanDevice) TestDevices.open(TestDevices.options().with(feature))) {
      Assumptions.assumeTrue(
          switch (feature) {
            case SUBGROUPS -> device.abilities().subgroup() > 0;
            case INTEGERS -> device.abilities().integers();
            case HALVES -> device.abilities().halves();
            case MATRICES -> device.abilities().matrices() != null;
          });
    }
  }

  private static int[] story(Model model) {
    return model.tokenizer().encode("Once upon a time there was a small fox", true, true);
  }

  @Test
  void theDemoModelTellsTheSameStory() {
    List<Integer> expected;
    int all;
    try (Model model = load(Demo.model(), GpuLayers.of(0), TestDevices.options())) {
      all = model.placement().layers().size();
      expected = greedy(model, story(model), 48);
    }
    for (int layers : new int[] {1, 2, all / 2, all}) {
      try (Model model = load(Demo.model(), GpuLayers.of(layers), TestDevices.options())) {
        assertEquals(layers, onVulkan(model));
        assertEquals(expected, greedy(model, story(model), 48), "-ngl " + layers);
      }
    }
    try (Model model = load(Demo.model(), GpuLayers.ALL, TestDevices.options().plain())) {
      assertEquals(expected, greedy(model, story(model), 48), "kernels without subgroups");
    }
  }

  /** Kernels that round tell the same story, its beginning read by tiles or by products of few. */
  @ParameterizedTest
  @CsvSource({"INTEGERS, 40", "INTEGERS, 8", "HALVES, 40", "MATRICES, 40"})
  void kernelsThatRoundTellTheSameStory(Feature feature, int ubatch) {
    assumeChosen(feature);
    List<Integer> expected;
    try (Model model = load(Demo.model(), GpuLayers.of(0), TestDevices.options())) {
      expected = greedy(model, story(model), 32);
    }
    VulkanOptions options = TestDevices.options().with(feature);
    try (Model model = load(Demo.model(), GpuLayers.ALL, options, ubatch)) {
      assertTrue(story(model).length > MatrixShape.MOST_VECTORS);
      assertEquals(expected, greedy(model, story(model), 32));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 9})
  void aDeviceLostAtToken20CostsNoText(int layers) {
    List<Integer> expected;
    try (Model model = load(Demo.model(), GpuLayers.of(0), TestDevices.options())) {
      expected = greedy(model, story(model), 40);
    }
    // One step for the prompt, then one for each token.
    VulkanOptions losing = TestDevices.options().losingAt(21);
    try (Model model = load(Demo.model(), GpuLayers.of(layers), losing)) {
      assertEquals(layers, onVulkan(model));
      assertEquals(expected, greedy(model, story(model), 40));
      assertEquals(0, onVulkan(model), "the layers have gone to the CPU");
      assertTrue(
          model.placement().notes().stream().anyMatch(n -> n.contains("the device was lost")),
          model.placement().notes().toString());
    }
  }

  /** At whatever allocation memory ends, fewer layers or none go to the device. */
  @Test
  void memoryThatEndsCostsNoText() {
    List<Integer> expected;
    try (Model model = load(Demo.model(), GpuLayers.of(0), TestDevices.options())) {
      expected = greedy(model, story(model), 8);
    }
    for (long blocks = 1; blocks <= 2; blocks++) {
      // The pool's blocks have 32 MiB; one of them holds the model's weights, but not its pages.
      VulkanOptions little = TestDevices.options().withMemoryLimit(blocks * (16 << 20));
      try (Model model = load(Demo.model(), GpuLayers.ALL, little)) {
        assertEquals(expected, greedy(model, story(model), 8));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"IQ3_M", "IQ4_XS"})
  void layersWithIQuantsStayOnTheCpu(String type) throws IOException {
    Golden golden = Golden.ofDemo(type).first(40);
    try (Model model = load(golden.file(), GpuLayers.ALL, TestDevices.options())) {
      for (int layer = 0; layer < model.graph().layers(); layer++) {
        var placed = model.placement().layer(layer);
        assertTrue(!isVulkan(placed.device()), "layer " + layer);
        assertTrue(
            placed.reason().text().contains("I-quants are not offered on Vulkan"),
            placed.reason().text());
      }
      assertTrue(
          model.placement().summary().stream().anyMatch(l -> l.contains("not offered on Vulkan")),
          model.placement().summary().toString());
      double error = golden.error(model);
      assertTrue(error < 2e-4, type + ": " + error);
    }
  }

  @Test
  void stagesAreOneSubmissionEachAToken() {
    try (Model model = load(Demo.model(), GpuLayers.ALL, TestDevices.options());
        Session session = model.newSession()) {
      Device device =
          model.placement().stages().stream()
              .map(Stage::device)
              .filter(VulkanModelTest::isVulkan)
              .findFirst()
              .orElseThrow();
      int next = session.append(story(model));
      next = session.append(next);
      var before = device.workDone().orElseThrow();
      for (int i = 0; i < 10; i++) {
        next = session.append(next);
      }
      var done = device.workDone().orElseThrow().minus(before);
      assertEquals(10, done.submissions(), done.toString());
      assertTrue(done.synchronisations() <= 10, done.toString());
      long hidden = 4L * model.graph().width();
      assertTrue(done.bytesIn() < 10 * (hidden + 4096), done.toString());
      assertTrue(done.bytesOut() <= 10 * 4, done.toString());
    }
  }
}
