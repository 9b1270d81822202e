package dev.lamina.cpu.code;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** An instruction set that kernels are made for. */
public sealed interface InstructionSet permits Isa, ArmIsa {
  /** The property that forces one by its name in lower case, or {@code off}. */
  String PROPERTY = "lamina.cpu.code";

  /** Its name as a constant. */
  String name();

  /** Its usual name. */
  String label();

  /** Whether this processor and system have all that it needs. */
  boolean runsHere();

  /** What is to be used here: an instruction set, or the reason for none. */
  record Choice(InstructionSet isa, String reason) {}

  /** Those that this machine runs, the best last. */
  static List<InstructionSet> here() {
    List<InstructionSet> here = new ArrayList<>();
    if (CodeMemory.reason() == null) {
      for (InstructionSet isa : known()) {
        if (isa.runsHere()) {
          here.add(isa);
        }
      }
    }
    return here;
  }

  private static List<InstructionSet> known() {
    return switch (Architecture.here()) {
      case X86_64 -> List.of(Isa.values());
      case AARCH64 -> List.of(ArmIsa.values());
    };
  }

  /** The best that this processor and system have, or what the property asks for. */
  static Choice choose() {
    String asked = System.getProperty(PROPERTY, "").toUpperCase(Locale.ROOT);
    if (asked.equals("OFF")) {
      return new Choice(null, "the property " + PROPERTY + " is off");
    }
    String reason = CodeMemory.reason();
    if (reason != null) {
      return new Choice(null, reason);
    }
    List<InstructionSet> here = here();
    if (here.isEmpty()) {
      return new Choice(
          null,
          switch (Architecture.here()) {
            case X86_64 -> Isa.whyNone();
            case AARCH64 -> "the processor has no products of four bytes (asimddp)";
          });
    }
    if (asked.isEmpty()) {
      return new Choice(here.getLast(), null);
    }
    for (InstructionSet isa : known()) {
      if (isa.name().equals(asked)) {
        return here.contains(isa)
            ? new Choice(isa, null)
            : new Choice(null, "the processor has no " + isa.label());
      }
    }
    String names =
        known().stream()
            .map(isa -> isa.name().toLowerCase(Locale.ROOT))
            .collect(Collectors.joining(", "));
    return new Choice(null, PROPERTY + " is none of off, " + names + ": " + asked);
  }
}
