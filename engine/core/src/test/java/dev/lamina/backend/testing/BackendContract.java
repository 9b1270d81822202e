package dev.lamina.backend.testing;

import dev.lamina.backend.Capabilities;
import dev.lamina.backend.Device;
import dev.lamina.gguf.GgmlType;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;

/**
 * What every device must do, op by op and type by type, with odd shapes, compared with the
 * reference device by normalised mean squared error.
 *
 * <p>A backend's test extends this class, gives its device, and <b>declares</b> what it supports: a
 * declared op that the device does not run is a failure and not skipped, and so is one that runs
 * and is not declared. All ops are required; what differs between backends is the types. The F32
 * type is required for matrices (routers) and embeddings (by which the tests make activations that
 * are the same everywhere).
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class BackendContract {
  private Device device;

  /** Opens the device under test; called several times, and several may be open at once. */
  protected abstract Device open();

  /** What the backend says of itself without a device. */
  protected abstract Capabilities capabilities();

  /** The declared types of matrices, exactly. */
  protected abstract Set<GgmlType> matrixTypes();

  /** The declared types of expert matrices, exactly. */
  protected Set<GgmlType> expertTypes() {
    return matrixTypes();
  }

  /** The declared types of embedding tables, exactly. */
  protected Set<GgmlType> embeddingTypes() {
    return matrixTypes();
  }

  /** The declared types of pages, the plainest first. */
  protected List<GgmlType> kvTypes() {
    return List.of(GgmlType.F32, GgmlType.F16, GgmlType.BF16, GgmlType.Q8_0, GgmlType.Q4_0);
  }

  /**
   * The greatest error of a matrix product with this type. 1e-10 suits float32 activations; where
   * kernels round activations to float16 it is about 1e-6, to 8-bit integers 2e-4.
   */
  protected double matrixBound(GgmlType type) {
    return 1e-10;
  }

  /**
   * The greatest error of attention over pages of these types. Rounding in another direction moves
   * a whole quantization step, so that quantized pages have room for a few such steps.
   */
  protected double attentionBound(GgmlType typeK, GgmlType typeV) {
    if (typeK == GgmlType.Q4_0 || typeV == GgmlType.Q4_0) {
      return 1e-6;
    }
    return typeK == GgmlType.Q8_0 || typeV == GgmlType.Q8_0 ? 1e-7 : 1e-9;
  }

  /** The greatest error of ops over activations alone. */
  protected double elementBound() {
    return 1e-10;
  }

  /** The greatest error of rotary embeddings at positions up to 4000: angles are in float32. */
  protected double ropeBound() {
    return 1e-7;
  }

  /** The greatest error of copies. */
  protected double exactBound() {
    return 1e-13;
  }

  /** The greatest error of a layer with float32 weights. */
  protected double modelBound() {
    return 10 * matrixBound(GgmlType.F32)
        + attentionBound(kvTypes().getFirst(), kvTypes().getFirst())
        + ropeBound();
  }

  /** All types that weights can have. */
  protected static Set<GgmlType> allWeightTypes() {
    Set<GgmlType> all = EnumSet.allOf(GgmlType.class);
    all.removeIf(type -> !type.isWeightType());
    return all;
  }

  @BeforeAll
  void openDevice() {
    device = open();
  }

  @AfterAll
  void closeDevice() {
    if (device != null) {
      device.close();
    }
  }

  @TestFactory
  List<DynamicTest> devices() {
    Cases cases = new Cases();
    new DeviceCases(this, device).device(cases);
    return cases.tests();
  }

  @TestFactory
  List<DynamicTest> matrixShapes() {
    return each(matrixTypes(), new MatrixCases(this, device)::shapes);
  }

  @TestFactory
  List<DynamicTest> matrixScales() {
    return each(matrixTypes(), new MatrixCases(this, device)::scales);
  }

  @TestFactory
  List<DynamicTest> matrixNotNumbers() {
    return each(matrixTypes(), new MatrixCases(this, device)::notNumbers);
  }

  @TestFactory
  List<DynamicTest> embeddings() {
    return each(embeddingTypes(), new MatrixCases(this, device)::embedding);
  }

  @TestFactory
  List<DynamicTest> expertProducts() {
    return each(expertTypes(), new ExpertCases(this, device)::products);
  }

  @TestFactory
  List<DynamicTest> experts() {
    Cases cases = new Cases();
    ExpertCases experts = new ExpertCases(this, device);
    experts.router(cases);
    experts.sum(cases);
    experts.used(cases, GgmlType.F32);
    for (GgmlType type : List.of(GgmlType.Q8_0, GgmlType.Q4_K)) {
      if (expertTypes().contains(type)) {
        experts.used(cases, type);
        experts.block(cases, type);
      }
    }
    return cases.tests();
  }

  @TestFactory
  List<DynamicTest> vectors() {
    Cases cases = new Cases();
    VectorCases vectors = new VectorCases(this, device);
    vectors.elements(cases);
    vectors.norms(cases);
    vectors.ropes(cases);
    vectors.selection(cases);
    vectors.argmax(cases);
    return cases.tests();
  }

  @TestFactory
  List<DynamicTest> attention() {
    Cases cases = new Cases();
    AttentionCases attention = new AttentionCases(this, device);
    attention.shapes(cases);
    attention.differentHeads(cases);
    return cases.tests();
  }

  @TestFactory
  List<DynamicTest> pages() {
    Cases cases = new Cases();
    new AttentionCases(this, device).pages(cases);
    return cases.tests();
  }

  @TestFactory
  List<DynamicTest> models() {
    return each(matrixTypes(), new ProgramCases(this, device)::model);
  }

  @TestFactory
  List<DynamicTest> programs() {
    Cases cases = new Cases();
    new ProgramCases(this, device).programs(cases);
    return cases.tests();
  }

  private static List<DynamicTest> each(Set<GgmlType> types, BiConsumer<Cases, GgmlType> make) {
    Cases cases = new Cases();
    types.forEach(type -> make.accept(cases, type));
    return cases.tests();
  }
}
