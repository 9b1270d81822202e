package dev.lamina.choose;

import dev.lamina.choose.Advice.Fit;
import dev.lamina.choose.Advice.Verdict;
import dev.lamina.choose.Quant.Family;
import dev.lamina.features.MatrixRules;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The advice of the model cards: for speed take the file that is 1-2 GB smaller than the memory of
 * the GPU, for quality the one that is 1-2 GB smaller than that and the host's memory together.
 * Take a K-quant; but below Q4, on CUDA or ROCm, an I-quant, which is better for its size. Never
 * take an I-quant for Vulkan; on the CPU they are slower.
 */
public final class Advisor {
  /** What the cards keep free, in the middle of their "1-2 GB". */
  public static final long CARDS_RESERVE = 1_500_000_000L;

  /** Where the cards recommend I-quants. */
  private static final Set<String> FOR_I_QUANTS = Set.of("cuda", "rocm");

  /** From this class on a K-quant is the answer everywhere. */
  private static final int GOOD_BITS = 4;

  private final List<ModelFile> files;
  private final Machine machine;
  private final long reserve;

  private Advisor(List<ModelFile> files, Machine machine, long reserve) {
    this.files = files;
    this.machine = machine;
    this.reserve = reserve;
  }

  /**
   * Advises.
   *
   * @param files of one model
   * @param needed bytes of KV cache and work space; less than {@link #CARDS_RESERVE} counts as that
   */
  public static Advice advise(List<ModelFile> files, Machine machine, long needed) {
    return new Advisor(files, machine, Math.max(needed, CARDS_RESERVE)).advise();
  }

  private Advice advise() {
    Optional<ModelFile> fastest = pick(machine.vram());
    Optional<ModelFile> best = pick(machine.total());
    List<Verdict> verdicts = files.stream().map(this::verdict).toList();
    return new Advice(
        fastest.orElse(null),
        machine.gpus().isEmpty()
            ? "there is no GPU; on the CPU a smaller file is a faster one"
            : fastest
                .map(file -> why(file, machine.vram(), "VRAM"))
                .orElseGet(() -> none(machine.vram(), "VRAM")),
        best.orElse(null),
        best.map(file -> why(file, machine.total(), memory()))
            .orElseGet(() -> none(machine.total(), memory())),
        reserve,
        verdicts);
  }

  private String memory() {
    return machine.vram() == 0 || machine.total() == machine.ram() ? "RAM" : "RAM + VRAM";
  }

  private boolean fits(ModelFile file, long memory) {
    return file.bytes() + reserve <= memory;
  }

  /** Why a rule keeps a file off a GPU of this machine. */
  private Optional<String> forbidden(ModelFile file) {
    return machine.gpus().stream()
        .flatMap(gpu -> MatrixRules.forbids(gpu.backend(), file.quant().base()).stream())
        .findFirst();
  }

  private boolean iQuantsAreBetter() {
    return !machine.gpus().isEmpty()
        && machine.gpus().stream().allMatch(gpu -> FOR_I_QUANTS.contains(gpu.backend()));
  }

  private Optional<ModelFile> pick(long memory) {
    List<ModelFile> fitting =
        files.stream()
            .filter(file -> file.quant() != null && fits(file, memory) && forbidden(file).isEmpty())
            .toList();
    Optional<ModelFile> k = best(fitting, EnumSet.of(Family.FLOAT, Family.PLAIN, Family.K));
    if (k.isPresent() && k.get().quant().bits() >= GOOD_BITS) {
      return k;
    }
    if (iQuantsAreBetter()) {
      // In a list with gaps the I-quant that fits may be of a lower class.
      Optional<ModelFile> i =
          best(fitting, EnumSet.of(Family.I))
              .filter(file -> k.isEmpty() || file.quant().bits() >= k.get().quant().bits());
      if (i.isPresent()) {
        return i;
      }
    }
    return k.or(() -> best(fitting, EnumSet.allOf(Family.class)));
  }

  private static Optional<ModelFile> best(List<ModelFile> files, Set<Family> families) {
    return files.stream()
        .filter(file -> families.contains(file.quant().family()))
        .min(Comparator.comparing(ModelFile::quant));
  }

  private String why(ModelFile file, long memory, String what) {
    StringBuilder why =
        new StringBuilder()
            .append(Sizes.gb(file.bytes()))
            .append(" leaves ")
            .append(Sizes.gb(memory - file.bytes()))
            .append(" of ")
            .append(what);
    Quant quant = file.quant();
    if (quant.family() == Family.I) {
      why.append(
          iQuantsAreBetter()
              ? "; below Q4 an I-quant is better for its size on CUDA and ROCm"
              : "; no K-quant is small enough");
      if (!fits(file, machine.vram())) {
        slow(quant).ifPresent(text -> why.append("; ").append(text));
      }
    } else if (quant.family() == Family.LEGACY) {
      why.append("; there is no K-quant that fits");
    }
    return why.toString();
  }

  private static Optional<String> slow(Quant quant) {
    return MatrixRules.slow("cpu", quant.base());
  }

  private String none(long memory, String what) {
    Predicate<ModelFile> usable = file -> file.quant() != null && forbidden(file).isEmpty();
    Optional<ModelFile> smallest =
        files.stream().filter(usable).min(Comparator.comparingLong(ModelFile::bytes));
    if (smallest.isEmpty()) {
      return "there is no file for this machine";
    }
    boolean ruled = files.stream().anyMatch(file -> file.quant() != null && !usable.test(file));
    return "the smallest file "
        + (ruled ? "for this machine, " : "is ")
        + smallest.get().type()
        + (ruled ? "," : "")
        + " of "
        + Sizes.gb(smallest.get().bytes())
        + (ruled ? " is too large: " : ", too large: ")
        + Sizes.gb(memory)
        + " of "
        + what
        + " less "
        + Sizes.gb(reserve)
        + " to keep free are "
        + Sizes.gb(Math.max(0, memory - reserve));
  }

  private Verdict verdict(ModelFile file) {
    if (file.quant() == null) {
      return new Verdict(file, Fit.UNKNOWN, "the name tells no type that is known");
    }
    Optional<String> forbidden = forbidden(file);
    if (forbidden.isPresent()) {
      return new Verdict(file, Fit.NOT_OFFERED, forbidden.get());
    }
    List<String> why = new ArrayList<>();
    Fit fit;
    if (fits(file, machine.vram())) {
      fit = Fit.VRAM;
      why.add("all of it in VRAM");
    } else if (fits(file, machine.total())) {
      fit = Fit.MEMORY;
      long host = file.bytes() + reserve - machine.vram();
      why.add(
          machine.vram() == 0
              ? "in RAM"
              : "in RAM + VRAM, " + Sizes.gb(Math.min(host, file.bytes())) + " of it on the CPU");
      slow(file.quant()).ifPresent(why::add);
    } else {
      fit = Fit.TOO_LARGE;
      why.add(
          "too large: "
              + Sizes.gb(file.bytes() + reserve)
              + " with what is kept free, of "
              + Sizes.gb(machine.total()));
    }
    better(file).ifPresent(why::add);
    return new Verdict(file, fit, String.join("; ", why));
  }

  /** A file that is smaller and no worse. */
  private Optional<String> better(ModelFile file) {
    return file.quant().family() != Family.LEGACY
        ? Optional.empty()
        : files.stream()
            .filter(f -> f.quant() != null && f.quant().family() == Family.K)
            .filter(f -> f.bytes() <= file.bytes() && f.quant().isBetterThan(file.quant()))
            .findFirst()
            .map(f -> "legacy: " + f.type() + " is smaller and no worse");
  }
}
