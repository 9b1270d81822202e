package dev.lamina.placement;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lamina.backend.Device;
import dev.lamina.backend.Op;
import dev.lamina.backend.Support;
import dev.lamina.features.FeatureFixtures;
import dev.lamina.features.FeatureMatrix;
import dev.lamina.gguf.GgmlType;
import dev.lamina.model.DecoderGraph;
import dev.lamina.model.ModelGraph;
import dev.lamina.model.ModelOptions;
import dev.lamina.placement.MadeUpModels.Shape;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** What the matrix says runs is placed, and what it says does not run is not. */
class MatrixAgreesWithPlacementTest {
  private static final Shape DENSE = new Shape("llama", 256, 2, 4, 2, 64, 512, 1024, false, 0);
  private static final Shape MIXTURE = new Shape("llama", 256, 2, 4, 2, 64, 512, 1024, false, 4);

  /** Ways in which a backend can be limited. */
  private static final Map<String, Function<Op, Support>> SETS = new LinkedHashMap<>();

  static {
    SETS.put("everything", op -> Support.FULL);
    SETS.put("everything slowly", op -> Support.slow("made so"));
    SETS.put("nothing", op -> Support.no("made so"));
    for (GgmlType.Family family : GgmlType.Family.values()) {
      if (family != GgmlType.Family.FLOAT) {
        SETS.put(
            "all but " + family,
            op -> refuse(op.weights().stream().anyMatch(w -> w.type().family() == family)));
      }
    }
    SETS.put(
        "blocks of 32 only",
        op -> refuse(op.weights().stream().anyMatch(w -> w.type().blockSize() > 32)));
    SETS.put("no norm", op -> refuse(op instanceof Op.RmsNorm));
    SETS.put("no rotary embedding", op -> refuse(op instanceof Op.Rope));
    SETS.put("no attention", op -> refuse(op instanceof Op.Attention));
    SETS.put(
        "KV in F16 only",
        op ->
            refuse(
                op instanceof Op.KvStore s
                    && (s.kv().typeK() != GgmlType.F16 || s.kv().typeV() != GgmlType.F16)));
    SETS.put("no experts", op -> refuse(op instanceof Op.ExpertMatMul));
    SETS.put(
        "experts in Q4_0 only",
        op -> refuse(op instanceof Op.ExpertMatMul m && m.weight().type() != GgmlType.Q4_0));
  }

  private static Support refuse(boolean yes) {
    return yes ? Support.no("made so") : Support.FULL;
  }

  @TestFactory
  Stream<DynamicTest> forEveryBackendAndSupportSet() {
    return Stream.of("cuda", "rocm", "opencl", "vulkan")
        .flatMap(
            backend ->
                SETS.entrySet().stream()
                    .map(
                        set ->
                            DynamicTest.dynamicTest(
                                backend + ", " + set.getKey(),
                                () -> check(backend, set.getValue()))));
  }

  private static void check(String backend, Function<Op, Support> supports) {
    FeatureMatrix matrix =
        FeatureMatrix.of(List.of(FeatureFixtures.backend(backend, supports)), "amd64");
    Device device = MadeUpDevice.card(backend + "0", MadeUpDevice.GIB).supporting(supports);
    for (GgmlType type : weightTypes()) {
      assertEquals(
          matrix.query(backend, type.name()).runs(),
          placed(MadeUpModels.model(DENSE, type), device),
          type.name());
    }
    boolean f16 = matrix.query(backend, "f16").runs();
    for (GgmlType kv : ModelOptions.KV_TYPES) {
      DecoderGraph model =
          MadeUpModels.model(
              DENSE, (tensor, layer) -> GgmlType.F16, ModelOptions.DEFAULT.withKv(kv, kv));
      // The row speaks of keys and values alone: the rest of the layer must run as well.
      boolean row = matrix.query(backend, "kv-" + kv.name()).runs();
      assertEquals(row && f16, placed(model, device), "KV " + kv);
    }
    boolean anyExperts =
        weightTypes().stream()
            .filter(type -> matrix.query(backend, type.name()).runs())
            .anyMatch(type -> placed(MadeUpModels.model(MIXTURE, type), device));
    boolean row = matrix.query(backend, "mixture-of-experts").runs();
    boolean anyType =
        weightTypes().stream().anyMatch(type -> matrix.query(backend, type.name()).runs());
    assertEquals(row && anyType, anyExperts, "experts");
  }

  private static List<GgmlType> weightTypes() {
    return Arrays.stream(GgmlType.values()).filter(GgmlType::isWeightType).toList();
  }

  private static boolean placed(ModelGraph model, Device device) {
    Placement p =
        Planner.plan(
            model,
            MadeUpModels.limits(model, 64),
            List.of(device),
            MadeUpDevice.cpu(),
            PlacementRequest.DEFAULT.withGpuLayers(GpuLayers.ALL));
    return p.layer(0).device() == device;
  }
}
