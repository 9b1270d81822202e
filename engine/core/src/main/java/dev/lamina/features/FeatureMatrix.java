package dev.lamina.features;

import dev.lamina.LaminaException;
import dev.lamina.backend.Capabilities;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceInfo;
import dev.lamina.backend.Op;
import dev.lamina.backend.Support;
import dev.lamina.features.Cell.State;
import dev.lamina.features.Feature.KvType;
import dev.lamina.features.Feature.Trait;
import dev.lamina.features.Feature.WeightFamily;
import dev.lamina.features.Feature.WeightType;
import dev.lamina.gguf.GgmlType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
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
    List<Answers> answers = new ArrayList<>();
    byName.forEach(
        (name, found) -> {
          columns.add(column(name, found));
          answers.add(
              new Answers(
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

  /** One backend's answers. */
  private static final class Answers {
    private final String name;
    private final String label;
    private final Optional<FoundBackend> found;
    private final Optional<Capabilities> capabilities;
    private final Optional<String> verified;
    private final String neverRun;

    Answers(String name, String label, Optional<FoundBackend> found, String architecture) {
      this.name = name;
      this.label = label;
      this.found = found;
      this.capabilities = found.flatMap(FoundBackend::capabilities);
      this.verified = VerifiedHardware.of(name, architecture);
      this.neverRun =
          name.equals("cpu")
              ? VerifiedHardware.emulator(name, architecture)
                  .map(by -> "Built, and run under %s, but never on hardware.".formatted(by))
                  .orElse("Built, but never run on " + architecture + ".")
              : "Built, but never run on real " + label + " hardware.";
    }

    Cell cell(Feature feature) {
      if (found.isEmpty()) {
        return new Cell(State.NO, List.of("No " + label + " backend in this build."));
      }
      if (capabilities.isEmpty()) {
        return new Cell(
            State.NO,
            List.of(
                "The "
                    + label
                    + " backend did not load: "
                    + String.join("; ", found.get().reasons())
                    + "."));
      }
      return switch (feature) {
        case WeightType row -> single(probe(row.type()), row.type());
        case WeightFamily row -> summary(Feature.types(row.family()), this::probe);
        case KvType row -> single(Probes.kv(row.type()), row.type());
        case Trait trait ->
            switch (trait) {
              case ONLINE_REPACKING -> repacking();
              case KV_CACHE_QUANTS -> summary(List.of(GgmlType.Q8_0, GgmlType.Q4_0), Probes::kv);
              case FLASH_ATTENTION -> single(Probes.flashAttention(), GgmlType.F16);
              case MIXTURE_OF_EXPERTS ->
                  summary(
                      Arrays.stream(GgmlType.values()).filter(GgmlType::isWeightType).toList(),
                      Probes::experts);
              case SEVERAL_DEVICES ->
                  capabilities.get().severalDevices()
                      ? cell(Support.FULL, List.of())
                      : cell(Support.no("the backend runs a model on one device alone"), List.of());
            };
      };
    }

    /** A layer with weights of a type; on the CPU also the embedding lookup, which stays there. */
    private List<Op> probe(GgmlType type) {
      List<Op> ops = new ArrayList<>(Probes.layer(type));
      if (name.equals("cpu")) {
        ops.addAll(Probes.embedding(type));
      }
      return ops;
    }

    private Cell single(List<Op> ops, GgmlType type) {
      Support answer =
          switch (support(capabilities.get()::supports, ops)) {
            case Support.Full full -> full;
            case Support.Slow slow -> Support.slow(unnamed(slow.reason(), type));
            case Support.No no -> Support.no(unnamed(no.reason(), type));
          };
      return cell(answer, here(ops));
    }

    /** The worst answer to any of the ops. */
    private Support support(Function<Op, Support> backend, List<Op> ops) {
      Support worst = Support.FULL;
      for (Op op : ops) {
        Support answer = MatrixRules.apply(name, op, backend.apply(op));
        if (answer instanceof Support.No) {
          return answer;
        }
        if (answer instanceof Support.Slow && worst instanceof Support.Full) {
          worst = answer;
        }
      }
      return worst;
    }

    /** Devices found here that do not run what their backend could. */
    private List<String> here(List<Op> ops) {
      List<String> notes = new ArrayList<>();
      if (!support(capabilities.get()::supports, ops).runs()) {
        return notes;
      }
      for (Device device : found.get().devices()) {
        try {
          if (support(device::supports, ops) instanceof Support.No no) {
            notes.add(sentence("Not on " + device.info().id() + ": " + no.reason()));
          }
        } catch (RuntimeException | LinkageError e) {
          notes.add(sentence("A device does not answer: " + e.getMessage()));
        }
      }
      return notes;
    }

    private Cell cell(Support support, List<String> here) {
      List<String> notes = new ArrayList<>();
      State state =
          switch (support) {
            case Support.Full full -> State.WORKS;
            case Support.Slow slow -> {
              notes.add(sentence(slow.reason()));
              yield State.SLOW;
            }
            case Support.No no -> {
              notes.add(sentence(no.reason()));
              yield State.NO;
            }
          };
      notes.addAll(here);
      return state == State.NO ? new Cell(state, notes) : checked(state, notes);
    }

    /** Says of what runs whether it has ever run. */
    private Cell checked(State state, List<String> notes) {
      if (verified.isPresent()) {
        return new Cell(state, notes);
      }
      List<String> all = new ArrayList<>();
      all.add(neverRun);
      all.addAll(notes);
      return new Cell(State.BUILT_BUT_NEVER_RUN, all);
    }

    private Cell repacking() {
      Set<GgmlType> types = capabilities.get().repacked();
      if (types.isEmpty()) {
        return new Cell(State.NO, List.of("Weights are used in the layout of the file."));
      }
      String names = types.stream().sorted().map(Enum::name).collect(Collectors.joining(", "));
      return checked(State.WORKS, List.of(sentence(names)));
    }

    /** A row that stands for several types: the common answer, or the exceptions by name. */
    private Cell summary(List<GgmlType> types, Function<GgmlType, List<Op>> probe) {
      List<GgmlType> no = new ArrayList<>();
      List<GgmlType> slow = new ArrayList<>();
      Set<String> noReasons = new LinkedHashSet<>();
      Set<String> slowReasons = new LinkedHashSet<>();
      Set<String> here = new LinkedHashSet<>();
      for (GgmlType type : types) {
        List<Op> ops = probe.apply(type);
        here.addAll(here(ops));
        switch (support(capabilities.get()::supports, ops)) {
          case Support.Full full -> {}
          case Support.Slow s -> {
            slow.add(type);
            slowReasons.add(unnamed(s.reason(), type));
          }
          case Support.No n -> {
            no.add(type);
            noReasons.add(unnamed(n.reason(), type));
          }
        }
      }
      List<String> notes = new ArrayList<>();
      if (!no.isEmpty()) {
        notes.add(exceptions(no, types, "Not " + names(no), noReasons));
      }
      if (!slow.isEmpty()) {
        notes.add(exceptions(slow, types, names(slow) + " slowly", slowReasons));
      }
      notes.addAll(here);
      if (no.size() == types.size()) {
        return new Cell(State.NO, notes);
      }
      if (!no.isEmpty()) {
        return checked(State.PARTLY, notes);
      }
      return checked(slow.size() == types.size() ? State.SLOW : State.WORKS, notes);
    }

    private static String exceptions(
        List<GgmlType> some, List<GgmlType> all, String who, Set<String> reasons) {
      String why = String.join("; ", reasons);
      return sentence(some.size() == all.size() ? why : who + ": " + why);
    }

    private static String names(List<GgmlType> types) {
      return types.stream().map(Enum::name).collect(Collectors.joining(", "));
    }

    /** A reason without the type's name before it, so that the same ones fall together. */
    private static String unnamed(String reason, GgmlType type) {
      String prefix = type + ": ";
      return reason.startsWith(prefix) ? reason.substring(prefix.length()) : reason;
    }

    private static String sentence(String clause) {
      String text = clause.strip();
      String end = text.endsWith(".") ? "" : ".";
      return Character.toUpperCase(text.charAt(0)) + text.substring(1) + end;
    }
  }
}
