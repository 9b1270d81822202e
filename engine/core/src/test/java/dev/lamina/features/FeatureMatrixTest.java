package dev.lamina.features;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.LaminaException;
import dev.lamina.backend.Capabilities;
import dev.lamina.backend.Op;
import dev.lamina.backend.Support;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.testing.FakeGpu;
import dev.lamina.features.Cell.State;
import dev.lamina.features.Feature.KvType;
import dev.lamina.features.Feature.Trait;
import dev.lamina.features.Feature.WeightFamily;
import dev.lamina.features.Feature.WeightType;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.GgmlType.Family;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

class FeatureMatrixTest {
  private static final Function<Op, Support> EVERYTHING = op -> Support.FULL;

  @Test
  void theRowsAreTheFamiliesTheirTypesAndTheTraits() {
    List<Feature> rows = Feature.all();
    for (GgmlType type : GgmlType.values()) {
      assertEquals(type.isWeightType(), rows.contains(new WeightType(type)), type.name());
    }
    for (Trait trait : Trait.values()) {
      assertTrue(rows.contains(trait));
    }
    for (GgmlType type :
        EnumSet.of(GgmlType.F32, GgmlType.F16, GgmlType.BF16, GgmlType.Q8_0, GgmlType.Q4_0)) {
      assertTrue(rows.contains(new KvType(type)));
    }
    // Each type stands under its family.
    Family family = null;
    for (Feature row : rows) {
      switch (row) {
        case WeightFamily f -> family = f.family();
        case WeightType t -> assertEquals(family, t.type().family());
        case KvType t -> {}
        case Trait t -> {}
      }
    }
    Set<String> ids = new HashSet<>();
    for (Feature row : rows) {
      assertTrue(ids.add(row.id()), row.id() + " twice");
      assertEquals(Optional.of(row), Feature.byId(row.id().toUpperCase(java.util.Locale.ROOT)));
    }
  }

  @Test
  void theKnownColumnsAreAlwaysThere() {
    FeatureMatrix matrix = FeatureMatrix.of(List.of(), "amd64");
    assertEquals(
        List.of("CPU", "CUDA", "ROCm", "OpenCL", "Vulkan"),
        matrix.columns().stream().map(FeatureMatrix.Column::label).toList());
    Cell cell = matrix.query("ROCm", "q4_k");
    assertEquals(State.NO, cell.state());
    assertEquals(List.of("No ROCm backend in this build."), cell.notes());
    assertFalse(matrix.columns().get(2).inBuild());
  }

  @Test
  void aBackendThatDidNotLoadSaysWhy() {
    FoundBackend broken =
        new FoundBackend("cuda", Optional.empty(), List.of(), List.of("libcuda.so.1 not found"));
    Cell cell = FeatureMatrix.of(List.of(broken), "amd64").query("cuda", Trait.FLASH_ATTENTION);
    assertEquals(State.NO, cell.state());
    assertEquals(List.of("The CUDA backend did not load: libcuda.so.1 not found."), cell.notes());
  }

  @Test
  void iQuantsOnVulkanAreNoWhateverTheBackendClaims() {
    FeatureMatrix matrix =
        FeatureMatrix.of(
            List.of(
                FeatureFixtures.backend("vulkan", EVERYTHING),
                FeatureFixtures.backend("opencl", EVERYTHING)),
            "amd64");
    for (GgmlType type : Feature.types(Family.I_QUANT)) {
      assertEquals(State.NO, matrix.query("vulkan", new WeightType(type)).state());
      assertTrue(matrix.query("opencl", new WeightType(type)).runs());
    }
    Cell family = matrix.query("Vulkan", "i-quant");
    assertEquals(State.NO, family.state());
    assertEquals(
        List.of("I-quants are not offered on Vulkan; take a K-quant file for a Vulkan device."),
        family.notes());
  }

  @Test
  void whatHasNeverRunOnHardwareSaysSo() {
    FeatureMatrix matrix =
        FeatureMatrix.of(List.of(FeatureFixtures.backend("rocm", EVERYTHING)), "amd64");
    Cell cell = matrix.query("rocm", "q8_0");
    assertEquals(State.BUILT_BUT_NEVER_RUN, cell.state());
    assertTrue(cell.runs());
    assertEquals(List.of("Built, but never run on real ROCm hardware."), cell.notes());
  }

  @Test
  void theCpuIsVerifiedOnTheArchitectureThatItRanOn() {
    List<FoundBackend> cpu = List.of(FeatureFixtures.backend("cpu", EVERYTHING));
    assertEquals(State.WORKS, FeatureMatrix.of(cpu, "amd64").query("cpu", "q8_0").state());
    assertEquals(State.WORKS, FeatureMatrix.of(cpu, "x86_64").query("cpu", "q8_0").state());
    Cell arm = FeatureMatrix.of(cpu, "aarch64").query("cpu", "q8_0");
    assertEquals(State.BUILT_BUT_NEVER_RUN, arm.state());
    assertEquals(
        List.of("Built, and run under qemu-aarch64 7.2, but never on hardware."), arm.notes());
    Cell other = FeatureMatrix.of(cpu, "riscv64").query("cpu", "q8_0");
    assertEquals(State.BUILT_BUT_NEVER_RUN, other.state());
    assertEquals(List.of("Built, but never run on riscv64."), other.notes());
  }

  @Test
  void iQuantsOnTheCpuAreSlow() {
    FeatureMatrix matrix =
        FeatureMatrix.of(List.of(FeatureFixtures.backend("cpu", EVERYTHING)), "amd64");
    assertEquals(State.SLOW, matrix.query("cpu", "iq3_s").state());
    assertEquals(State.SLOW, matrix.query("cpu", "i-quant").state());
    assertEquals(
        List.of("I-quants are slower on the CPU than K-quants of about their size."),
        matrix.query("cpu", "i-quant").notes());
    assertEquals(State.WORKS, matrix.query("cpu", "k-quant").state());
  }

  @Test
  void aFamilyNamesItsExceptions() {
    FeatureMatrix matrix =
        FeatureMatrix.of(
            List.of(
                FeatureFixtures.backend(
                    "cpu",
                    weights(
                        t -> t.type() != GgmlType.Q5_0 && t.type() != GgmlType.Q5_1,
                        "no 5-bit kernel"))),
            "amd64");
    Cell cell = matrix.query("cpu", "legacy");
    assertEquals(State.PARTLY, cell.state());
    assertEquals(List.of("Not Q5_0, Q5_1: no 5-bit kernel."), cell.notes());
    assertEquals(State.NO, matrix.query("cpu", "q5_1").state());
    assertEquals(State.WORKS, matrix.query("cpu", "q4_1").state());
    assertEquals(State.WORKS, matrix.query("cpu", "k-quant").state());
  }

  @Test
  void traitsAreAskedOneByOne() {
    Capabilities some =
        FeatureFixtures.capabilities(
            op ->
                switch (op) {
                  case Op.ExpertMatMul m when m.weight().type() == GgmlType.TQ1_0 ->
                      Support.no("no TQ1_0 experts");
                  case Op.KvStore s when s.kv().typeK() == GgmlType.Q4_0 ->
                      Support.no("no Q4_0 keys");
                  case Op.Attention a when a.softCap() > 0 -> Support.slow("soft-caps are slow");
                  default -> Support.FULL;
                },
            Set.of(GgmlType.Q4_0, GgmlType.IQ4_NL),
            false);
    FeatureMatrix matrix =
        FeatureMatrix.of(
            List.of(new FoundBackend("cpu", Optional.of(some), List.of(), List.of())), "amd64");
    assertEquals(
        new Cell(State.PARTLY, List.of("Not Q4_0: no Q4_0 keys.")),
        matrix.query("cpu", Trait.KV_CACHE_QUANTS));
    assertEquals(State.NO, matrix.query("cpu", "kv-q4_0").state());
    assertEquals(State.WORKS, matrix.query("cpu", "kv-q8_0").state());
    assertEquals(
        new Cell(State.SLOW, List.of("Soft-caps are slow.")),
        matrix.query("cpu", Trait.FLASH_ATTENTION));
    Cell experts = matrix.query("cpu", Trait.MIXTURE_OF_EXPERTS);
    assertEquals(State.PARTLY, experts.state());
    assertTrue(experts.notes().contains("Not TQ1_0: no TQ1_0 experts."), experts.toString());
    assertEquals(
        new Cell(State.WORKS, List.of("Q4_0, IQ4_NL.")),
        matrix.query("cpu", Trait.ONLINE_REPACKING));
    assertEquals(State.NO, matrix.query("cpu", Trait.SEVERAL_DEVICES).state());
  }

  @Test
  void aDeviceHereThatCanDoLessIsNamed() {
    try (FakeGpu gpu =
        FakeGpu.builder("OpenCL0")
            .backend("opencl")
            .supports(weights(t -> t.type() != GgmlType.BF16, "no 16-bit storage"))
            .build()) {
      FeatureMatrix matrix =
          FeatureMatrix.of(List.of(FeatureFixtures.backend("opencl", EVERYTHING, gpu)), "amd64");
      Cell cell = matrix.query("opencl", "bf16");
      assertTrue(cell.runs());
      assertTrue(cell.notes().contains("Not on OpenCL0: no 16-bit storage."), cell.toString());
      assertEquals(1, matrix.query("opencl", "f16").notes().size());
    }
  }

  @Test
  void theTablesHaveEveryRowAndEveryFootnote() {
    FeatureMatrix matrix =
        FeatureMatrix.of(
            List.of(
                FeatureFixtures.backend("cpu", EVERYTHING),
                FeatureFixtures.backend("vulkan", EVERYTHING)),
            "amd64");
    String text = matrix.text();
    String markdown = matrix.markdown();
    for (Feature feature : Feature.all()) {
      assertTrue(text.lines().anyMatch(l -> l.strip().startsWith(feature.label() + " ")));
      assertTrue(markdown.contains(feature.label() + " | "));
    }
    String iq3 = text.lines().filter(l -> l.strip().startsWith("IQ3_S")).findFirst().orElseThrow();
    assertTrue(iq3.matches(" +IQ3_S +slow \\[\\d+] +no \\[\\d+] .*no \\[\\d+]"), iq3);
    String mark = iq3.replaceAll(".*no (\\[\\d+])$", "$1");
    assertTrue(text.contains("\n" + mark + " I-quants are not offered on Vulkan"), text);
    assertEquals(Feature.all().size() + 2, markdown.lines().filter(l -> l.startsWith("|")).count());
    long columns = markdown.lines().findFirst().orElseThrow().chars().filter(c -> c == '|').count();
    assertTrue(
        markdown
            .lines()
            .filter(l -> l.startsWith("|"))
            .allMatch(l -> l.chars().filter(c -> c == '|').count() == columns));
  }

  @Test
  void unknownNamesAreErrorsThatListTheKnownOnes() {
    FeatureMatrix matrix = FeatureMatrix.of(List.of(), "amd64");
    LaminaException backend =
        assertThrows(LaminaException.class, () -> matrix.query("metal", "q4_0"));
    assertTrue(backend.getMessage().contains("cpu, cuda, rocm, opencl, vulkan"));
    LaminaException feature =
        assertThrows(LaminaException.class, () -> matrix.query("cpu", "q4_0_4_4"));
    assertTrue(feature.getMessage().contains("q4_0, q4_1"));
  }

  @Test
  void theMatrixOfThisBuildHasACpuThatRunsEveryType() {
    try (Backends backends = Backends.discover(dev.lamina.backend.DeviceOptions.DEFAULT)) {
      FeatureMatrix matrix = FeatureMatrix.of(backends);
      Arrays.stream(GgmlType.values())
          .filter(GgmlType::isWeightType)
          .forEach(
              type -> assertTrue(matrix.query("cpu", new WeightType(type)).runs(), type.name()));
      assertTrue(matrix.query("cpu", Trait.MIXTURE_OF_EXPERTS).runs());
      assertEquals(1, matrix.columns().getFirst().devices().size());
    }
  }

  private static Function<Op, Support> weights(Predicate<TensorSpec> runs, String otherwise) {
    return op -> op.weights().stream().allMatch(runs) ? Support.FULL : Support.no(otherwise);
  }
}
