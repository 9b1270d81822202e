package dev.lamina.shaders;

import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Limits;
import dev.lamina.gguf.GgmlType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The launches of a plan with the kernels of cards in them. Products with integers read activations
 * that a launch before them has rounded, where it can be the one that makes them; those of the same
 * activations go together.
 */
public final class CardLaunches {
  private static final int ROUNDING_VALUES = 512;
  private static final int NORM_ITEMS = 256;
  private static final int ARGMAX_ITEMS = 1024;
  private static final int ATTENTION_ITEMS = 128;
  private static final int NARROW_ITEMS = 256;
  private static final int NARROW_VALUES = 4 * NARROW_ITEMS;

  private final List<Launch> plan;
  private final Limits limits;
  private final CardFeatures features;
  private final List<Launch> launches = new ArrayList<>();
  private KvSpec attended;

  /** What {@link Region.Rounded} has; null for nothing. */
  private Rounded rounded;

  private long roundedBytes;

  /** Rows of {@code cols} values of a slot. */
  private record Rounded(Region.Slot slot, Rounding rounding, int cols) {}

  /**
   * Rewrites the launches of a plan that was made with these limits.
   *
   * @param kept what is read after the step
   */
  public CardLaunches(List<Launch> plan, Set<Region> kept, Limits limits, CardFeatures features) {
    this.plan = FusedOps.of(plan, features, kept);
    this.limits = limits;
    this.features = features;
    for (int i = 0; i < this.plan.size(); ) {
      i += rewrite(i);
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

  /** Returns how many launches of the plan that were. */
  private int rewrite(int i) {
    Launch launch = plan.get(i);
    if (integer(launch)) {
      return products(i);
    }
    forget(launch);
    switch (launch.kernel().program().unit()) {
      case ATTENTION -> {
        if (features.ahead()) {
          attention(i);
        } else {
          launches.add(launch);
        }
      }
      case STORE -> launches.add(launch);
      case WEIGHT -> weight(launch);
      case VECTORS -> {
        Launch product = integers(i);
        if (product == null || !fused(launch, product)) {
          launches.add(Launches.entry(launch).equals("argmax") ? argmax(launch) : launch);
        }
      }
    }
    return 1;
  }

  /** What was rounded is no longer what the slot has. */
  private void forget(Launch launch) {
    if (rounded != null && Launches.writes(launch, rounded.slot())) {
      rounded = null;
    }
  }

  private boolean integer(Launch launch) {
    return Launches.isProduct(launch)
        && features.integers(launch.kernel().program().first()) != null;
  }

  /** The first product with integers that reads what a launch writes; null for none. */
  private Launch integers(int from) {
    Region.Slot slot = Launches.written(plan.get(from));
    if (slot == null) {
      return null;
    }
    for (int i = from + 1; i < plan.size(); i++) {
      Launch launch = plan.get(i);
      if (integer(launch) && slot.equals(Launches.in(launch))) {
        return launch;
      }
      if (Launches.writes(launch, slot)) {
        return null;
      }
    }
    return null;
  }

  /**
   * Adds the kernel that does this and rounds what comes of it for a product, where there is one.
   */
  private boolean fused(Launch launch, Launch product) {
    int cols = Launches.cols(product);
    List<Arg> args = launch.args();
    Arg to = new Arg.Memory(new Region.Rounded());
    switch (launch.kernel().entry()) {
      case "rmsNorm" -> {
        if (Launches.number(launch, 4) != cols || launch.x().factor() != 1) {
          return false;
        }
        launches.add(
            with(
                launch,
                new Kernel(CardKernels.rounding(), "rmsNormRounded", NORM_ITEMS, 1),
                launch.x(),
                List.of(args.get(0), args.get(1), args.get(2), to, args.get(3), args.get(4))));
      }
      case Launches.NORM_ADD_NORM -> {
        if (Launches.number(launch, 8) != cols) {
          return false;
        }
        List<Arg> rounding = new ArrayList<>(args);
        rounding.set(6, to);
        rounding.set(9, new Arg.Int(1));
        launches.add(launch.with(rounding));
      }
      case "gatedSilu", "gatedGelu" -> {
        int width = Launches.number(launch, 3);
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
    hasRounded(
        new Rounded(Launches.written(launch), Rounding.INTEGERS, cols),
        launch.when(),
        times(product));
    return true;
  }

  private static Kernel rounding(String entry) {
    return new Kernel(CardKernels.rounding(), entry, ROUNDING_VALUES / 4, 1);
  }

  /** How many rows of the product's input there are for each row of the step. */
  private static int times(Launch product) {
    boolean perSlot = Launches.isExperts(product) && Launches.number(product, 8) != 0;
    return perSlot ? Launches.number(product, 7) : 1;
  }

  private void hasRounded(Rounded now, Count rows, int times) {
    rounded = now;
    long most =
        switch (rows.kind()) {
          case TOKENS -> limits.maxTokens();
          case OUTPUTS -> limits.maxOutputs();
          case LONGEST_RUN, SPLITS, TILES ->
              throw new IllegalStateException(rows + " of a product");
        };
    roundedBytes = Math.max(roundedBytes, most * times * now.rounding().rowBytes(now.cols()));
  }

  /** The products from one on that read the same rows: rounds these, and multiplies. */
  private int products(int from) {
    Launch first = plan.get(from);
    Region.Slot in = Launches.in(first);
    int cols = Launches.cols(first);
    if (!new Rounded(in, Rounding.INTEGERS, cols).equals(rounded)) {
      round(in, cols, first.when(), times(first), first.when(), Integer.MAX_VALUE);
    }
    // A product is one launch after the other for different numbers of tokens.
    Map<Region, List<Launch>> products = new LinkedHashMap<>();
    int end = from;
    while (end < plan.size() && integer(plan.get(end)) && together(first, plan.get(end))) {
      Launch launch = plan.get(end++);
      products.computeIfAbsent(Launches.region(launch, 0), w -> new ArrayList<>()).add(launch);
    }
    IntegerProducts.write(List.copyOf(products.values()), features, launches);
    plan.subList(from, end).forEach(this::forget);
    return end - from;
  }

  /** Whether a product may go with one before it: then their order does not matter. */
  private static boolean together(Launch first, Launch other) {
    if (Launches.region(first, 0).equals(Launches.region(other, 0))) {
      return true;
    }
    return Launches.in(first).equals(Launches.in(other))
        && Launches.cols(first) == Launches.cols(other)
        && Launches.isExperts(first) == Launches.isExperts(other)
        && Launches.addend(first) != Launches.Addend.PLACE
        && Launches.addend(other) != Launches.Addend.PLACE;
  }

  /**
   * Rounds rows; only in steps that have at most {@code most} of something.
   *
   * @param times how many of them there are for each of {@code rows}
   */
  private void round(Region.Slot in, int cols, Count rows, int times, Count when, int most) {
    launches.add(
        new Launch(
            rounding("roundRows"),
            Extent.of(rows, times * cols, ROUNDING_VALUES),
            Extent.ONE,
            Extent.ONE,
            List.of(
                new Arg.Memory(in),
                new Arg.Memory(new Region.Rounded()),
                new Arg.Int(cols),
                new Arg.Int(times),
                new Arg.Counted(rows)),
            when,
            1,
            most));
    hasRounded(new Rounded(in, Rounding.INTEGERS, cols), rows, times);
  }

  /**
   * A product with floats, or a lookup. Types made of integers are multiplied as floats only where
   * nothing may be rounded.
   */
  private void weight(Launch launch) {
    GgmlType type = launch.kernel().program().first();
    if (!launch.kernel().entry().startsWith("matmul")
        || !CardKernels.floats(type, features.units())) {
      launches.add(launch);
      return;
    }
    Rounding halves = features.units().halves(type);
    if (halves == null) {
      launches.add(tensor(launch, "Tensor", CardKernels.TENSOR_ITEMS, launch.args()));
    } else if (Launches.cols(launch) % Rounding.NARROW_STEP == 0) {
      narrow(launch, halves);
      List<Arg> args = new ArrayList<>(launch.args());
      args.set(Launches.inPlace(launch), new Arg.Memory(new Region.Rounded()));
      launches.add(tensor(launch, "Halves", CardKernels.HALVES_ITEMS, args));
    } else {
      launches.add(launch);
    }
  }

  private Launch tensor(Launch launch, String ending, int items, List<Arg> args) {
    Kernel kernel = launch.kernel();
    ProgramKey program = CardKernels.tensor(kernel.program().first(), features.units());
    return with(launch, new Kernel(program, kernel.entry() + ending, items, 1), launch.x(), args);
  }

  /**
   * Brings the tokens of a product to the type of its weight, in steps that have the product: those
   * are the same for all products of one slot.
   */
  private void narrow(Launch product, Rounding rounding) {
    Region.Slot in = Launches.in(product);
    int cols = Launches.cols(product);
    Rounded now = new Rounded(in, rounding, cols);
    if (now.equals(rounded)) {
      return;
    }
    int times = times(product);
    List<Arg> args =
        new ArrayList<>(
            List.of(new Arg.Memory(in), new Arg.Memory(new Region.Rounded()), new Arg.Int(cols)));
    Extent x = Extent.of(product.when(), times, 1);
    if (rounding == Rounding.BF16) {
      args.add(new Arg.Int(times));
      args.add(new Arg.Counted(product.when()));
      x = Extent.of(product.when(), Math.multiplyExact(times, cols), NARROW_VALUES);
    }
    launches.add(
        new Launch(
            CardKernels.narrow(rounding, NARROW_ITEMS),
            x,
            Extent.ONE,
            Extent.ONE,
            args,
            product.when(),
            product.from(),
            product.to()));
    hasRounded(now, product.when(), times);
  }

  private Launch argmax(Launch argmax) {
    if (!features.ahead()) {
      return argmax;
    }
    return with(argmax, CardKernels.argmaxWide(ARGMAX_ITEMS), argmax.x(), argmax.args());
  }

  private static Launch with(Launch launch, Kernel kernel, Extent x, List<Arg> args) {
    return new Launch(
        kernel, x, launch.y(), launch.z(), args, launch.when(), launch.from(), launch.to());
  }

  /** {@code attentionJoin} follows an {@code attention} with the same keys. */
  private void attention(int i) {
    Launch launch = plan.get(i);
    for (Arg arg : launch.args()) {
      if (arg instanceof Arg.Memory(Region.Keys(KvSpec kv))) {
        attended = kv;
      }
    }
    KvSpec kv = attended;
    int dim = Math.max(kv.headDimK(), kv.headDimV());
    Kernel kernel = launch.kernel();
    ProgramKey tensor =
        features.units() == MatrixUnits.NONE
            ? null
            : CardKernels.attentionTensor(dim, kv.typeK(), kv.typeV(), features.units());
    ProgramKey program =
        tensor != null
            ? tensor
            : CardKernels.attention(dim, kernel.program().defines().get("ITEMS"));
    if (kernel.entry().equals("attentionJoin")) {
      join(i, program, kv);
      return;
    }
    List<Arg> args = new ArrayList<>(launch.args());
    for (int value :
        new int[] {
          kv.headDimK(),
          kv.headDimV(),
          CardKernels.pages(kv.typeK()),
          CardKernels.pages(kv.typeV()),
          Math.toIntExact(kv.typeK().rowBytes(kv.headDimK())),
          Math.toIntExact(kv.typeV().rowBytes(kv.headDimV()))
        }) {
      args.add(new Arg.Int(value));
    }
    Kernel own =
        tensor != null
            ? new Kernel(program, "attentionTensor", ATTENTION_ITEMS, 1)
            : new Kernel(program, kernel.entry(), kernel.itemsX(), kernel.itemsY());
    launches.add(with(launch, own, launch.x(), args));
  }

  /** Puts parts together, and rounds; where there are no parts, rounds what attention has made. */
  private void join(int i, ProgramKey program, KvSpec kv) {
    Launch launch = plan.get(i);
    Launch product = integers(i);
    Arg headV = new Arg.Int(kv.headDimV());
    List<Arg> args = launch.args();
    if (product == null) {
      Kernel plain = new Kernel(program, launch.kernel().entry(), launch.kernel().itemsX(), 1);
      launches.add(
          with(launch, plain, launch.x(), List.of(args.get(0), args.get(1), args.get(2), headV)));
      return;
    }
    int cols = Launches.cols(product);
    launches.add(
        with(
            launch,
            rounding("attentionJoinRounded"),
            Extent.of(Count.TOKENS, cols, ROUNDING_VALUES),
            List.of(
                args.get(0),
                args.get(1),
                new Arg.Memory(new Region.Rounded()),
                args.get(2),
                headV,
                new Arg.Int(cols),
                new Arg.Counted(Count.TOKENS))));
    round(Launches.written(launch), cols, Count.TOKENS, 1, Count.SPLITS, launch.from() - 1);
  }
}
