package dev.lamina.features;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * On which real hardware each backend has run and passed its tests: the one place for this fact.
 * Software stand-ins for a GPU do not count.
 */
public final class VerifiedHardware {
  /**
   * One verification.
   *
   * @param backend the backend's name
   * @param architecture the host's architecture ({@code os.arch}), or empty for any
   * @param hardware what it ran on
   */
  public record Entry(String backend, String architecture, String hardware) {}

  private static final List<Entry> ENTRIES =
      List.of(new Entry("cpu", "amd64", "x86-64 with AVX-512 (Intel Xeon)"));

  /** Where a backend's tests have run but under an emulator, on none of the hardware. */
  private static final List<Entry> EMULATED =
      List.of(new Entry("cpu", "aarch64", "qemu-aarch64 7.2"));

  private VerifiedHardware() {}

  /** All verifications. */
  public static List<Entry> entries() {
    return ENTRIES;
  }

  /** What a backend has run on; empty where it has never run on hardware of this kind. */
  public static Optional<String> of(String backend, String architecture) {
    return find(ENTRIES, backend, architecture);
  }

  /** The emulator that a backend has run under; empty for none. */
  public static Optional<String> emulator(String backend, String architecture) {
    return find(EMULATED, backend, architecture);
  }

  private static Optional<String> find(List<Entry> entries, String backend, String architecture) {
    String arch = architecture.toLowerCase(Locale.ROOT).replace("x86_64", "amd64");
    return entries.stream()
        .filter(e -> e.backend.equals(backend))
        .filter(e -> e.architecture.isEmpty() || e.architecture.equals(arch))
        .map(Entry::hardware)
        .findFirst();
  }
}
