package dev.lamina.features;

import dev.lamina.LaminaException;
import dev.lamina.backend.Capabilities;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceInfo;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What each backend of this build can do. Made by asking {@link Capabilities#supports} and {@link
 * MatrixRules} about the ops of representative layers, just as placement asks them about the layers
 * of a model, so that the two cannot say different things. A device found here that can do less
 * than its backend is told in a note.
 *
 * @param columns the backends, the known ones always there
 * @param rows the features, top to bottom
 */
public record FeatureMatrix(List<Column> columns, List<Row> rows) {
  /**
   * A backend.
   *
   * @param name the provider's name
   * @param label the name for people, for the CPU with the instruction set found
   * @param inBuild whether this build has a provider for it
   * @param devices the devices found here
   * @param reasons why there are none, or why some were left out
   */
  public record Column(
      String name, String label, boolean inBuild, List<DeviceInfo> devices, List<String> reasons) {}

  /**
   * A feature.
   *
   * @param feature the feature
   * @param cells a cell for each column
   */
  public record Row(Feature feature, List<Cell> cells) {}

  private static final Map<String, String> LABELS =
      Map.of("cpu", "CPU", "cuda", "CUDA", "rocm", "ROCm", "opencl", "OpenCL", "vulkan", "Vulkan");

  private static final List<String> INSTRUCTION_SETS =
      List.of("AVX-512", "AVX512", "AVX2", "SVE", "NEON");

  public FeatureMatrix {
    columns = List.copyOf(columns);
    rows = List.copyOf(rows);
  }

  /** The matrix of the backends found on this machine. */
  public static FeatureMatrix of(Backends backends) {
    return of(backends.found(), System.getProperty("os.arch"));
  }

  /**
   * The matrix of the given backends.
   *
   * @param architecture the host's architecture as {@code os.arch} has it
   */
  public static FeatureMatrix of(List<FoundBackend> backends, String architecture) {
    Map<String, FoundBackend> byName = new LinkedHashMap<>();
    for (String name : Backends.KNOWN) {
      byName.put(name, null);
    }
    for (FoundBackend backend : backends) {
      if (!backend.name().equals("unknown")) {
        byName.merge(backend.name(), backend, FeatureMatrix::merge);
      }
    }
    List<Column> columns = new ArrayList<>();
    List<BackendAnswers> answers = new ArrayList<>();
    byName.forEach(
        (name, found) -> {
          columns.add(column(name, found));
          answers.add(
              new BackendAnswers(
                  name, LABELS.getOrDefault(name, name), Optional.ofNullable(found), architecture));
        });
    List<Row> rows = new ArrayList<>();
    for (Feature feature : Feature.all()) {
      rows.add(new Row(feature, answers.stream().map(a -> a.cell(feature)).toList()));
    }
    return new FeatureMatrix(columns, rows);
  }

  /**
   * One cell.
   *
   * @param backend a column's name, in any case
   * @throws LaminaException where there is no such column
   */
  public Cell query(String backend, Feature feature) {
    for (int i = 0; i < columns.size(); i++) {
      if (columns.get(i).name().equalsIgnoreCase(backend)) {
        int column = i;
        return rows.stream()
            .filter(row -> row.feature().equals(feature))
            .findFirst()
            .orElseThrow(() -> new LaminaException("the matrix has no row '" + feature.id() + "'"))
            .cells()
            .get(column);
      }
    }
    throw new LaminaException(
        "no backend is named '"
            + backend
            + "'; there are "
            + columns.stream().map(Column::name).collect(Collectors.joining(", ")));
  }

  /** One cell, with the feature by its {@link Feature#id()}, such as {@code q4_k}. */
  public Cell query(String backend, String feature) {
    return query(
        backend,
        Feature.byId(feature)
            .orElseThrow(
                () ->
                    new LaminaException(
                        "no feature is named '"
                            + feature
                            + "'; there are "
                            + Feature.all().stream()
                                .map(Feature::id)
                                .collect(Collectors.joining(", ")))));
  }

  /** The matrix as a table in plain text, footnotes and devices below. */
  public String text() {
    return FeatureTable.text(this);
  }

  /** The matrix as a Markdown table, footnotes below. */
  public String markdown() {
    return FeatureTable.markdown(this);
  }

  /** Two providers of one name: what either can do counts, the one that loaded first. */
  private static FoundBackend merge(FoundBackend a, FoundBackend b) {
    if (a == null) {
      return b;
    }
    List<Device> devices = new ArrayList<>(a.devices());
    devices.addAll(b.devices());
    List<String> reasons = new ArrayList<>(a.reasons());
    reasons.addAll(b.reasons());
    return new FoundBackend(a.name(), a.capabilities().or(b::capabilities), devices, reasons);
  }

  private static Column column(String name, FoundBackend found) {
    String label = LABELS.getOrDefault(name, name);
    if (found == null) {
      return new Column(
          name, label, false, List.of(), List.of("no " + label + " backend in this build"));
    }
    List<DeviceInfo> infos = found.devices().stream().map(Device::info).toList();
    if (name.equals("cpu")) {
      label += instructionSet(infos).map(set -> " (" + set + ")").orElse("");
    }
    return new Column(name, label, found.capabilities().isPresent(), infos, found.reasons());
  }

  private static Optional<String> instructionSet(List<DeviceInfo> infos) {
    String text =
        infos.stream()
            .map(info -> info.description() + " " + info.driver() + " " + info.notes())
            .collect(Collectors.joining(" "))
            .toUpperCase(Locale.ROOT);
    return INSTRUCTION_SETS.stream()
        .filter(text::contains)
        .map(set -> set.replace("AVX512", "AVX-512"))
        .findFirst();
  }
}
