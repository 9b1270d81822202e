package dev.lamina.shaders;

import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Limits;
import dev.lamina.gguf.GgmlType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The launches of a plan with the kernels of cards in them. Products with integers read activations
 * that a launch before them has rounded, where it can be the one that makes them.
 */
public final class CardLaunches {
  /** Where the arguments of a product are, of a plain one and of one with experts. */
  private record Places(int in, int out, int cols, int rows) {
    static Places of(String entry) {
      return entry.endsWith("Experts") ? new Places(3, 4, 5, 6) : new Places(2, 3, 6, 7);
    }
  }

  private static final int ROUNDING_VALUES = 512;
  private static final int NORM_ITEMS = 256;
  private static final int ATTENTION_ITEMS = 128;
  private static final int MOST_SPLIT = 4;

  /** Rows that occupy a card without several teams for each. */
  private static final int MANY_ROWS = 4096;

  private final List<Launch> plan;
  private final Limits limits;
  private final CardFeatures features;
  private final List<Launch> launches = new ArrayList<>();
  private KvSpec attended;

  /** The slot whose values are the rounded ones, and the columns of a row; null for none. */
  private Region.Slot rounded;

  private int roundedCols;
  private long roundedBytes;

  /** Rewrites the launches of a plan that was made with these limits. */
  public CardLaunches(List<Launch> plan, Limits limits, CardFeatures features) {
    this.plan = plan;
    this.limits = limits;
    this.features = features;
    for (int i = 0; i < plan.size(); i++) {
      rewrite(i);
    }
  }

  /** The launches, in order. */
  public List<Launch> launches() {
    return launches;
  }

  /** Bytes of {@link Region.Rounded}; 0 where there is none. */
  public long roundedBytes() {
    return roundedBytes;
  }

  private void rewrite(int i) {
    Launch launch = plan.get(i);
    switch (launch.kernel().program().unit()) {
      case ATTENTION -> {
        if (features.ahead()) {
          attention(launch);
        } else {
          launches.add(launch);
        }
      }
      case STORE -> launches.add(launch);
      case WEIGHT -> {
        if (integer(launch)) {
          product(launch);
        } else if (features.tensor() && floats(launch)) {
          tensor(launch);
        } else {
          launches.add(launch);
        }
      }
      case VECTORS -> {
        Launch product = integers(i);
        if (product == null || !fused(launch, product)) {
          launches.add(launch);
        } else {
          return;
        }
      }
    }
    if (rounded != null && rounded.equals(written(launch))) {
      rounded = null;
    }
  }

  private static boolean isProduct(Launch launch) {
    return launch.kernel().program().unit() == KernelUnit.WEIGHT
        && launch.kernel().entry().startsWith("mat");
  }

  private boolean integer(Launch launch) {
    return isProduct(launch) && features.integers(launch.kernel().program().first()) != null;
  }

  /** Types made of integers are multiplied as floats only where nothing may be rounded. */
  private static boolean floats(Launch launch) {
    return launch.kernel().entry().startsWith("matmul")
        && IntegerFormat.of(launch.kernel().program().first()) == null;
  }

  /** The first product with integers that reads what a launch writes; null for none. */
  private Launch integers(int from) {
    Region.Slot slot = written(plan.get(from));
    if (slot == null) {
      return null;
    }
    for (int i = from + 1; i < plan.size(); i++) {
      Launch launch = plan.get(i);
      if (integer(launch) && slot.equals(slot(launch, Places.of(launch.kernel().entry()).in()))) {
        return launch;
      }
      if (slot.equals(written(launch))) {
        return null;
      }
    }
    return null;
  }

  /** The slot that a launch writes; null where it writes something else. */
  private static Region.Slot written(Launch launch) {
    String entry = launch.kernel().entry();
    return switch (launch.kernel().program().unit()) {
      case STORE -> null;
      case ATTENTION -> slot(launch, entry.equals("attentionJoin") ? 1 : 4);
      case WEIGHT -> slot(launch, entry.equals("embed") ? 3 : Places.of(entry).out());
      case VECTORS ->
          switch (entry) {
            case "scale", "softCap", "argmax", "route" -> slot(launch, 1);
            case "rope" -> slot(launch, 3);
            case "expertPlan" -> null;
            case "add",
                "gatedSilu",
                "gatedGelu",
                "sigmoidGate",
                "selectRows",
                "expertSum",
                "rmsNorm" ->
                slot(launch, 2);
            default -> throw new IllegalStateException("what does " + entry + " write?");
          };
    };
  }

  private static Region.Slot slot(Launch launch, int argument) {
    if (launch.args().get(argument) instanceof Arg.Memory(Region.Slot slot)) {
      return slot;
    }
    throw new IllegalStateException(launch.kernel().entry() + " has no slot at " + argument);
  }

  private static int number(Launch launch, int argument) {
    if (launch.args().get(argument) instanceof Arg.Int(int value)) {
      return value;
    }
    throw new IllegalStateException(launch.kernel().entry() + " has no number at " + argument);
  }

  /**
   * Adds the kernel that does this and rounds what comes of it for a product, where there is one.
   */
  private boolean fused(Launch launch, Launch product) {
    int cols = number(product, Places.of(product.kernel().entry()).cols());
    List<Arg> args = launch.args();
    Arg to = new Arg.Memory(new Region.Rounded());
    switch (launch.kernel().entry()) {
      case "rmsNorm" -> {
        if (number(launch, 4) != cols || launch.x().factor() != 1) {
          return false;
        }
        launches.add(
            with(
                launch,
                new Kernel(CardKernels.rounding(), "rmsNormRounded", NORM_ITEMS, 1),
                launch.x(),
                List.of(args.get(0), args.get(1), args.get(2), to, args.get(3), args.get(4))));
      }
      case "gatedSilu", "gatedGelu" -> {
        int width = number(launch, 3);
        launches.add(
            with(
                launch,
                rounding(launch.kernel().entry() + "Rounded"),
                Extent.of(launch.when(), width, ROUNDING_VALUES),
                List.of(
                    args.get(0),
                    args.get(1),
                    args.get(2),
                    to,
                    new Arg.Int(cols),
                    new Arg.Int(width / cols),
                    args.get(4))));
      }
      default -> {
        return false;
      }
    }
    hasRounded(written(launch), cols, launch.when(), times(product));
    return true;
  }

  private static Kernel rounding(String entry) {
    return new Kernel(CardKernels.rounding(), entry, ROUNDING_VALUES / 4, 1);
  }

  /** How many rows of the product's input there are for each row of the step. */
  private static int times(Launch product) {
    boolean perSlot = product.kernel().entry().endsWith("Experts") && number(product, 8) != 0;
    return perSlot ? number(product, 7) : 1;
  }

  private void hasRounded(Region.Slot slot, int cols, Count rows, int times) {
    rounded = slot;
    roundedCols = cols;
    long most =
        switch (rows.kind()) {
          case TOKENS -> limits.maxTokens();
          case OUTPUTS -> limits.maxOutputs();
          case LONGEST_RUN, SPLITS, TILES ->
              throw new IllegalStateException(rows + " of a product");
        };
    roundedBytes = Math.max(roundedBytes, most * times * IntegerFormat.roundedBytes(cols));
  }

  private void product(Launch launch) {
    String entry = launch.kernel().entry();
    Places places = Places.of(entry);
    Region.Slot in = slot(launch, places.in());
    int cols = number(launch, places.cols());
    if (!in.equals(rounded) || roundedCols != cols) {
      int times = times(launch);
      launches.add(
          new Launch(
              rounding("roundRows"),
              Extent.of(launch.when(), times * cols, ROUNDING_VALUES),
              Extent.ONE,
              Extent.ONE,
              List.of(
                  new Arg.Memory(in),
                  new Arg.Memory(new Region.Rounded()),
                  new Arg.Int(cols),
                  new Arg.Int(times),
                  new Arg.Counted(launch.when())),
              launch.when(),
              1,
              Integer.MAX_VALUE));
      hasRounded(in, cols, launch.when(), times);
    }
    GgmlType type = launch.kernel().program().first();
    List<Arg> args = new ArrayList<>(launch.args());
    args.set(1, new Arg.Memory(new Region.Grid(type)));
    args.set(places.in(), new Arg.Memory(new Region.Rounded()));
    if (entry.startsWith("matmul")) {
      String own = "integerM" + entry.substring(1);
      launches.add(
          with(
              launch,
              new Kernel(
                  CardKernels.integerTiles(type, features),
                  own,
                  CardKernels.tileItems(features.tuning()),
                  1),
              launch.x(),
              args));
      return;
    }
    int split = split(type, cols, number(launch, places.rows()));
    int teams = CardKernels.teams(type, features.tuning().lanes());
    args.add(new Arg.Int(split));
    Extent groups =
        Extent.fixed(
            Math.ceilDiv(number(launch, places.rows()), teams / split * CardKernels.INTEGER_ROWS));
    switch (entry) {
      case "matvec1" -> add(launch, type, "1", groups, Extent.ONE, args, 1, 1);
      case "matvecExperts" ->
          add(launch, type, "Experts", groups, launch.y(), args, launch.from(), launch.to());
      default -> {
        add(launch, type, "4", groups, Extent.ONE, args, 2, 4);
        add(launch, type, "8", groups, Extent.ONE, args, 5, launch.to());
      }
    }
  }

  private void add(
      Launch launch,
      GgmlType type,
      String tokens,
      Extent x,
      Extent y,
      List<Arg> args,
      int from,
      int to) {
    int lanes = features.tuning().lanes();
    Kernel kernel =
        new Kernel(
            CardKernels.integers(type, features),
            "integerMatvec" + tokens,
            lanes,
            CardKernels.teams(type, lanes));
    launches.add(new Launch(kernel, x, y, Extent.ONE, args, launch.when(), from, to));
  }

  /** Teams that share rows: as many as have something to do. Groups with a table take many rows. */
  private int split(GgmlType type, int cols, int rows) {
    if (CardKernels.gridWords(type) > 16 && rows >= MANY_ROWS) {
      return 1;
    }
    int units = cols / (16 * IntegerFormat.of(type).unitPieces());
    int lanes = features.tuning().lanes();
    int most = Math.min(MOST_SPLIT, CardKernels.teams(type, lanes));
    int split = 1;
    while (split < most && units >= 2 * lanes * split) {
      split *= 2;
    }
    return split;
  }

  private void tensor(Launch launch) {
    Kernel kernel = launch.kernel();
    launches.add(
        with(
            launch,
            new Kernel(
                CardKernels.tensor(kernel.program().first()),
                kernel.entry() + "Tensor",
                CardKernels.TENSOR_ITEMS,
                1),
            launch.x(),
            launch.args()));
  }

  private static Launch with(Launch launch, Kernel kernel, Extent x, List<Arg> args) {
    return new Launch(
        kernel, x, launch.y(), launch.z(), args, launch.when(), launch.from(), launch.to());
  }

  /** {@code attentionJoin} follows an {@code attention} with the same keys. */
  private void attention(Launch launch) {
    for (Arg arg : launch.args()) {
      if (arg instanceof Arg.Memory(Region.Keys(KvSpec kv))) {
        attended = kv;
      }
    }
    KvSpec kv = attended;
    List<Arg> args = new ArrayList<>(launch.args());
    boolean join = launch.kernel().entry().equals("attentionJoin");
    int[] more =
        join
            ? new int[] {kv.headDimV()}
            : new int[] {
              kv.headDimK(),
              kv.headDimV(),
              CardKernels.pages(kv.typeK()),
              CardKernels.pages(kv.typeV()),
              Math.toIntExact(kv.typeK().rowBytes(kv.headDimK())),
              Math.toIntExact(kv.typeV().rowBytes(kv.headDimV()))
            };
    Arrays.stream(more).forEach(value -> args.add(new Arg.Int(value)));
    Kernel kernel = launch.kernel();
    int dim = Math.max(kv.headDimK(), kv.headDimV());
    if (features.tensor()
        && dim <= CardKernels.MOST_TENSOR_HEAD
        && kv.typeK() == GgmlType.F16
        && kv.typeV() == GgmlType.F16) {
      ProgramKey tensor = CardKernels.attentionTensor(dim);
      Kernel own =
          join
              ? new Kernel(tensor, kernel.entry(), kernel.itemsX(), kernel.itemsY())
              : new Kernel(tensor, "attentionTensor", ATTENTION_ITEMS, 1);
      launches.add(with(launch, own, launch.x(), args));
      return;
    }
    int items = kernel.program().defines().get("ITEMS");
    ProgramKey program = CardKernels.attention(dim, items);
    launches.add(
        with(
            launch,
            new Kernel(program, kernel.entry(), kernel.itemsX(), kernel.itemsY()),
            launch.x(),
            args));
  }
}
