package dev.lamina.shaders;

import dev.lamina.gguf.GgmlType;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes the launches of products with integers that read the same rounded tokens: a few matrices
 * of one type in one launch.
 */
final class IntegerProducts {
  /** As many as {@code cards/integer-matrices} takes. */
  private static final int MOST_MATRICES = 3;

  private static final int MOST_EXPERT_MATRICES = 2;
  private static final int MOST_SPLIT = 4;

  /** Rows that occupy a card without several teams for each. */
  private static final int MANY_ROWS = 4096;

  private final CardFeatures features;
  private final List<Launch> launches;

  private IntegerProducts(CardFeatures features, List<Launch> launches) {
    this.features = features;
    this.launches = launches;
  }

  /**
   * Adds the launches.
   *
   * @param products of each product its forms for different numbers of tokens
   */
  static void write(List<List<Launch>> products, CardFeatures features, List<Launch> launches) {
    List<List<List<Launch>>> groups = new ArrayList<>();
    for (List<Launch> product : products) {
      groups.stream()
          .filter(group -> fits(group, product))
          .findFirst()
          .orElseGet(
              () -> {
                groups.add(new ArrayList<>());
                return groups.getLast();
              })
          .add(product);
    }
    IntegerProducts writer = new IntegerProducts(features, launches);
    for (List<List<Launch>> group : groups) {
      for (int form = 0; form < group.getFirst().size(); form++) {
        int n = form;
        writer.form(group.stream().map(product -> product.get(n)).toList());
      }
    }
  }

  /** Whether a product can be one of a group's. */
  private static boolean fits(List<List<Launch>> group, List<Launch> product) {
    Launch own = product.getFirst();
    Launch first = group.getFirst().getFirst();
    boolean experts = Launches.isExperts(own);
    if (group.size() == (experts ? MOST_EXPERT_MATRICES : MOST_MATRICES)
        || !own.kernel().equals(first.kernel())
        || !isWhole(own)
        || !isWhole(first)) {
      return false;
    }
    for (List<Launch> other : group) {
      if (Launches.written(other.getFirst()).equals(Launches.written(own))) {
        return false;
      }
    }
    return experts
        ? own.args().get(2).equals(first.args().get(2))
            && own.args().subList(5, 11).equals(first.args().subList(5, 11))
        : own.args().get(10).equals(first.args().get(10));
  }

  /** Whether a launch has all rows of a weight, or all experts. */
  private static boolean isWhole(Launch product) {
    return Launches.isExperts(product)
        ? Launches.number(product, 9) == 0
        : Launches.number(product, 8) == 0 && Launches.number(product, 9) == Launches.rows(product);
  }

  private void form(List<Launch> matrices) {
    Launch first = matrices.getFirst();
    String entry = Launches.entry(first);
    if (entry.startsWith("matmul")) {
      tiles(matrices);
      return;
    }
    switch (entry) {
      case "matvec1" -> few(matrices, "1", 1, 1);
      case "matvecExperts" -> few(matrices, "Experts", first.from(), first.to());
      default -> {
        few(matrices, "4", 2, 4);
        few(matrices, "8", 5, first.to());
      }
    }
  }

  private void tiles(List<Launch> matrices) {
    Launch first = matrices.getFirst();
    String entry = "integerM" + Launches.entry(first).substring(1);
    GgmlType type = first.kernel().program().first();
    Kernel kernel =
        new Kernel(
            CardKernels.integerTiles(type, features),
            entry,
            CardKernels.tileItems(features.tuning()),
            1);
    if (Launches.isExperts(first)) {
      matrices.forEach(
          one -> add(one, kernel, one.x(), Extent.ONE, arguments(one), one.from(), one.to()));
      return;
    }
    List<Integer> groups = matrices.stream().map(one -> one.x().plus()).toList();
    add(first, kernel, sum(groups), Extent.ONE, plain(matrices, groups), first.from(), first.to());
  }

  private void few(List<Launch> matrices, String tokens, int from, int to) {
    Launch first = matrices.getFirst();
    GgmlType type = first.kernel().program().first();
    int lanes = features.tuning().lanes();
    int teams = CardKernels.teams(type, lanes);
    Kernel kernel =
        new Kernel(CardKernels.integers(type, features), "integerMatvec" + tokens, lanes, teams);
    boolean experts = Launches.isExperts(first);
    int rows = experts ? Launches.rows(first) : matrices.stream().mapToInt(Launches::rows).sum();
    int split = split(type, Launches.cols(first), rows);
    List<Integer> groups =
        matrices.stream()
            .map(one -> Math.ceilDiv(Launches.rows(one), teams / split * CardKernels.INTEGER_ROWS))
            .toList();
    if (experts) {
      List<Arg> args = arguments(first);
      Launch last = matrices.getLast();
      args.add(last.args().getFirst());
      args.add(last.args().get(Launches.outPlace(last)));
      args.add(new Arg.Int(split));
      Extent z = Extent.fixed(matrices.size());
      add(first, kernel, Extent.fixed(groups.getFirst()), z, args, from, to);
      return;
    }
    List<Arg> args = plain(matrices, groups);
    args.add(new Arg.Int(split));
    add(first, kernel, sum(groups), Extent.ONE, args, from, to);
  }

  /** The arguments of a product with its rounded tokens and its table. */
  private static List<Arg> arguments(Launch product) {
    List<Arg> args = new ArrayList<>(product.args());
    args.set(1, new Arg.Memory(new Region.Grid(product.kernel().program().first())));
    args.set(Launches.inPlace(product), new Arg.Memory(new Region.Rounded()));
    return args;
  }

  /** Those of several matrices: after the first the others, or the first again for no groups. */
  private static List<Arg> plain(List<Launch> matrices, List<Integer> groups) {
    List<Arg> args = arguments(matrices.getFirst());
    int end = 0;
    for (int i = 1; i < MOST_MATRICES; i++) {
      boolean has = i < matrices.size();
      Launch matrix = matrices.get(has ? i : 0);
      end += has ? groups.get(i - 1) : 0;
      args.add(new Arg.Int(has ? end : Integer.MAX_VALUE));
      args.add(matrix.args().getFirst());
      args.add(matrix.args().get(Launches.outPlace(matrix)));
      args.add(matrix.args().get(Launches.addendPlace()));
      args.add(matrix.args().get(Launches.addendPlace() + 1));
      args.add(new Arg.Int(Launches.rows(matrix)));
    }
    return args;
  }

  private static Extent sum(List<Integer> groups) {
    return Extent.fixed(groups.stream().mapToInt(Integer::intValue).sum());
  }

  private void add(
      Launch like, Kernel kernel, Extent x, Extent z, List<Arg> args, int from, int to) {
    Extent y =
        Launches.entry(like).startsWith("matvec") && !Launches.isExperts(like)
            ? Extent.ONE
            : like.y();
    launches.add(new Launch(kernel, x, y, z, args, like.when(), from, to));
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
}
