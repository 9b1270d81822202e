package dev.lamina.shaders;

/** What the launches of a {@link LaunchPlan} read and write, by the order of their arguments. */
final class Launches {
  /** The kernel of {@link FusedOps} that norms, adds, and norms again. */
  static final String NORM_ADD_NORM = "normAddNorm";

  /** Where it has the sum, and what comes of that. */
  static final int NORM_ADD_NORM_SUM = 4;

  static final int NORM_ADD_NORM_OUT = 5;

  private Launches() {}

  /** Where the arguments of a product are, of a plain one and of one with experts. */
  private record Places(int in, int out, int cols, int rows) {
    static Places of(Launch product) {
      return isExperts(product) ? new Places(3, 4, 5, 6) : new Places(2, 3, 6, 7);
    }
  }

  static String entry(Launch launch) {
    return launch.kernel().entry();
  }

  static boolean isProduct(Launch launch) {
    return launch.kernel().program().unit() == KernelUnit.WEIGHT && entry(launch).startsWith("mat");
  }

  static boolean isExperts(Launch product) {
    return entry(product).endsWith("Experts");
  }

  /** The tokens of a product. */
  static Region.Slot in(Launch product) {
    return slot(product, Places.of(product).in());
  }

  static int inPlace(Launch product) {
    return Places.of(product).in();
  }

  static int outPlace(Launch product) {
    return Places.of(product).out();
  }

  /** How many values a row of a product's weight has. */
  static int cols(Launch product) {
    return number(product, Places.of(product).cols());
  }

  /** How many rows a product's weight has, of an expert. */
  static int rows(Launch product) {
    return number(product, Places.of(product).rows());
  }

  /** What a product adds to its sums: {@code kernel/addend}. */
  static Addend addend(Launch product) {
    return isExperts(product) ? Addend.NONE : Addend.values()[number(product, 5)];
  }

  /** Where a product's {@link #addend} is; its kind follows. */
  static int addendPlace() {
    return 4;
  }

  /** The numbers of {@code kernel/addend}. */
  enum Addend {
    NONE,
    ROW,
    PLACE
  }

  /** The slot that a launch writes; null where it writes something else. */
  static Region.Slot written(Launch launch) {
    int place = writtenPlace(launch);
    return place < 0 ? null : slot(launch, place);
  }

  /** Whether a launch writes a slot, among others perhaps. */
  static boolean writes(Launch launch, Region.Slot slot) {
    return slot.equals(written(launch))
        || entry(launch).equals(NORM_ADD_NORM) && slot.equals(slot(launch, NORM_ADD_NORM_SUM));
  }

  private static int writtenPlace(Launch launch) {
    String entry = entry(launch);
    return switch (launch.kernel().program().unit()) {
      case STORE -> -1;
      case ATTENTION -> entry.equals("attentionJoin") ? 1 : 4;
      case WEIGHT -> entry.equals("embed") ? 3 : Places.of(launch).out();
      case VECTORS ->
          switch (entry) {
            case "scale", "softCap", "argmax", "route" -> 1;
            case "rope" -> 3;
            case "placeHeads" -> 11;
            case NORM_ADD_NORM -> NORM_ADD_NORM_OUT;
            case "expertPlan" -> -1;
            case "add",
                "gatedSilu",
                "gatedGelu",
                "sigmoidGate",
                "selectRows",
                "expertSum",
                "rmsNorm" ->
                2;
            default -> throw new IllegalStateException("what does " + entry + " write?");
          };
    };
  }

  /** Whether a launch reads a slot. */
  static boolean reads(Launch launch, Region.Slot slot) {
    int written = writtenPlace(launch);
    for (int i = 0; i < launch.args().size(); i++) {
      if (i != written && launch.args().get(i) instanceof Arg.Memory(Region region)) {
        if (region.equals(slot)) {
          return true;
        }
      }
    }
    return false;
  }

  /** The memory that an argument names. */
  static Region region(Launch launch, int argument) {
    if (launch.args().get(argument) instanceof Arg.Memory(Region region)) {
      return region;
    }
    throw new IllegalStateException(entry(launch) + " has no memory at " + argument);
  }

  static Region.Slot slot(Launch launch, int argument) {
    if (region(launch, argument) instanceof Region.Slot slot) {
      return slot;
    }
    throw new IllegalStateException(entry(launch) + " has no slot at " + argument);
  }

  static int number(Launch launch, int argument) {
    if (launch.args().get(argument) instanceof Arg.Int(int value)) {
      return value;
    }
    throw new IllegalStateException(entry(launch) + " has no number at " + argument);
  }
}
