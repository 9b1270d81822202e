package dev.lamina.features;

import dev.lamina.backend.Capabilities;
import dev.lamina.backend.Device;
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
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The cells of one column: what a backend answers for the ops of representative layers, after
 * {@link MatrixRules}, and what the devices found here say otherwise.
 */
final class BackendAnswers {
  private final String name;
  private final String label;
  private final Optional<FoundBackend> found;
  private final Optional<Capabilities> capabilities;
  private final Optional<String> verified;
  private final String neverRun;

  BackendAnswers(String name, String label, Optional<FoundBackend> found, String architecture) {
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
