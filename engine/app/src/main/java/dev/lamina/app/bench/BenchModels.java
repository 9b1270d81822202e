package dev.lamina.app.bench;

import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceSpeed;
import dev.lamina.features.Backends;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.TensorInfo;
import dev.lamina.model.synthetic.SyntheticData;
import dev.lamina.model.synthetic.SyntheticModel;
import dev.lamina.session.LoadOptions;
import dev.lamina.session.Model;
import dev.lamina.session.WeightSource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Opens what is to be measured: files, or models of random weights that exist in memory only. */
public final class BenchModels {
  /** A model smaller than this lives in the processor's caches, and memory is no limit to it. */
  private static final long MEASURED_FROM = 1L << 26;

  private BenchModels() {}

  /** Opens a file, and measures the device that runs it where it is one. */
  public static BenchModel file(Path file, LoadOptions options) {
    return file(file, options, options.discover());
  }

  static BenchModel file(Path file, LoadOptions options, Backends backends) {
    long start = System.nanoTime();
    Model model = Model.load(file, options, backends);
    return describe(file.toString(), null, model, System.nanoTime() - start);
  }

  /** Makes a model's weights in memory and opens it. */
  public static BenchModel synthetic(SyntheticModel synthetic, long seed, LoadOptions options) {
    Arena arena = Arena.ofShared();
    Map<String, MemorySegment> data = new HashMap<>();
    for (TensorInfo tensor : synthetic.tensors()) {
      MemorySegment bytes = arena.allocate(tensor.bytes(), 64);
      SyntheticData.fill(tensor, seed, bytes);
      data.put(tensor.name(), bytes);
    }
    WeightSource source = spec -> data.get(spec.name());
    long start = System.nanoTime();
    Model model =
        Model.open(
            synthetic.metadata(),
            synthetic.tensors(),
            source,
            arena::close,
            options,
            options.discover());
    return describe(synthetic.name(), synthetic, model, System.nanoTime() - start);
  }

  private static BenchModel describe(
      String name, SyntheticModel synthetic, Model model, long loadNanos) {
    Collection<TensorInfo> tensors = model.tensors();
    long bytes = tensors.stream().mapToLong(TensorInfo::bytes).sum();
    long parameters = tensors.stream().mapToLong(TensorInfo::elements).sum();
    String typeName = synthetic == null ? mainType(tensors).name() : synthetic.type();
    String type =
        synthetic == null
            ? model.config().architecture() + " " + typeName
            : synthetic.shape().name() + " " + typeName;
    TokenCost cost = TokenCost.of(model.graph());
    DeviceSpeed speed = bytes < MEASURED_FROM ? null : speed(model);
    return new BenchModel(name, type, typeName, bytes, parameters, model, cost, speed, loadNanos);
  }

  /** The type of most weights. */
  private static GgmlType mainType(Collection<TensorInfo> tensors) {
    return tensors.stream()
        .collect(
            Collectors.groupingBy(TensorInfo::type, Collectors.summingLong(TensorInfo::elements)))
        .entrySet()
        .stream()
        .max(Comparator.comparingLong(Map.Entry::getValue))
        .orElseThrow()
        .getKey();
  }

  /** Measured only where one device runs the whole model: else there is no one limit. */
  private static DeviceSpeed speed(Model model) {
    List<Device> devices =
        model.placement().stages().stream().map(stage -> stage.device()).distinct().toList();
    return devices.size() > 1 ? null : devices.getFirst().measureSpeed().orElse(null);
  }
}
