package dev.lamina.shaders;

import dev.lamina.backend.KvSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The launches of a plan with those put together of which a kernel of cards does several: sums that
 * products can make, norms before and after a sum, and all that happens to queries, keys and values
 * before attention.
 */
final class FusedOps {
  private static final int HEAD_ITEMS = 64;
  private static final int NORM_ITEMS = 256;

  private final List<Launch> plan;
  private final CardFeatures features;
  private final Set<Region> kept;
  private final List<Launch> launches = new ArrayList<>();

  private FusedOps(List<Launch> plan, CardFeatures features, Set<Region> kept) {
    this.plan = new ArrayList<>(plan);
    this.features = features;
    this.kept = kept;
  }

  /**
   * The launches of a plan, fused.
   *
   * @param kept what is read after the step
   */
  static List<Launch> of(List<Launch> plan, CardFeatures features, Set<Region> kept) {
    FusedOps fused = new FusedOps(plan, features, kept);
    for (int i = 0; i < fused.plan.size(); ) {
      int done = fused.sum(i);
      if (done == 0 && features.ahead()) {
        done = fused.heads(i);
      }
      if (done == 0 && features.ahead()) {
        done = fused.norms(i);
      }
      if (done == 0) {
        fused.launches.add(fused.plan.get(i));
        done = 1;
      }
      i += done;
    }
    return fused.launches;
  }

  /** Whether nothing reads a slot from a launch on, before it is written again. */
  private boolean isDead(Region.Slot slot, int from) {
    for (int i = from; i < plan.size(); i++) {
      if (Launches.reads(plan.get(i), slot)) {
        return false;
      }
      if (Launches.writes(plan.get(i), slot)) {
        return true;
      }
    }
    return !kept.contains(slot);
  }

  private boolean is(int i, String entry) {
    return i < plan.size() && Launches.entry(plan.get(i)).equals(entry);
  }

  /** A product, in all its forms, and the addition of something to it; the number of launches. */
  private int sum(int from) {
    if (!Launches.isProduct(plan.get(from))) {
      return 0;
    }
    Region.Slot made = Launches.written(plan.get(from));
    int end = from;
    while (end < plan.size()
        && Launches.isProduct(plan.get(end))
        && made.equals(Launches.written(plan.get(end)))) {
      end++;
    }
    int at = afterSelection(end, made);
    if (!is(at, "add") || !isDead(made, at + 1)) {
      return 0;
    }
    Launch add = plan.get(at);
    Region.Slot addend = other(add, made);
    Region.Slot out = Launches.slot(add, 2);
    if (addend == null) {
      return 0;
    }
    List<Launch> products = plan.subList(from, end);
    for (Launch product : products) {
      // Rounded tokens are elsewhere; others may be where the sum goes.
      boolean clash =
          features.integers(product.kernel().program().first()) == null
              && Launches.in(product).equals(out);
      if (Launches.isExperts(product)
          || Launches.addend(product) != Launches.Addend.NONE
          || product.kernel().program().defines().containsKey(WeightWriter.PANEL_ROWS)
          || clash) {
        return 0;
      }
    }
    if (at > end) {
      // The selection comes first. It may go to what the products read, but not yet; where the sum
      // goes may be free already.
      Launch selection = plan.get(end);
      if (isUsed(addend, from, end)) {
        if (!addend.equals(Launches.written(selection))
            || !isDead(addend, at + 1)
            || isUsed(out, from, at)) {
          return 0;
        }
        selection = moved(selection, addend, out);
        addend = out;
      }
      launches.add(selection);
    }
    for (Launch product : products) {
      List<Arg> args = new ArrayList<>(product.args());
      args.set(Launches.outPlace(product), new Arg.Memory(out));
      args.set(Launches.addendPlace(), new Arg.Memory(addend));
      args.set(Launches.addendPlace() + 1, new Arg.Int(Launches.Addend.PLACE.ordinal()));
      launches.add(product.with(args));
    }
    return at + 1 - from;
  }

  /**
   * What follows a selection of rows that does not concern a slot, where there is one: in the last
   * layer it stands before the addition, and could as well be earlier.
   */
  private int afterSelection(int at, Region.Slot slot) {
    boolean passes =
        is(at, "selectRows")
            && !Launches.reads(plan.get(at), slot)
            && !Launches.writes(plan.get(at), slot);
    return passes ? at + 1 : at;
  }

  /** Whether launches read or write a slot. */
  private boolean isUsed(Region.Slot slot, int from, int to) {
    return plan.subList(from, to).stream()
        .anyMatch(launch -> Launches.reads(launch, slot) || Launches.writes(launch, slot));
  }

  /** A launch with another slot in the place of one. */
  private static Launch moved(Launch launch, Region.Slot from, Region.Slot to) {
    return launch.with(
        launch.args().stream()
            .map(arg -> arg.equals(new Arg.Memory(from)) ? new Arg.Memory(to) : arg)
            .toList());
  }

  /** What an addition adds to a slot; null where that is the same slot, or neither is. */
  private static Region.Slot other(Launch add, Region.Slot slot) {
    Region.Slot a = Launches.slot(add, 0);
    Region.Slot b = Launches.slot(add, 1);
    return slot.equals(a) == slot.equals(b) ? null : slot.equals(a) ? b : a;
  }

  /** A norm, the addition of something to it, and the norm of the sum; the number of launches. */
  private int norms(int from) {
    if (!is(from, "rmsNorm")) {
      return 0;
    }
    Launch first = plan.get(from);
    Region.Slot in = Launches.slot(first, 0);
    Region.Slot normed = Launches.written(first);
    int at = afterSelection(from + 1, normed);
    if (!is(at, "add") || !is(at + 1, "rmsNorm")) {
      return 0;
    }
    Launch second = plan.get(at + 1);
    Region.Slot addend = other(plan.get(at), normed);
    Region.Slot sum = Launches.slot(plan.get(at), 2);
    int width = Launches.number(first, 4);
    if (addend == null
        || !sum.equals(Launches.slot(second, 0))
        || !first.args().subList(3, 5).equals(second.args().subList(3, 5))
        || !first.x().equals(second.x())
        || first.x().factor() != 1
        || width % 4 != 0
        || !isDead(normed, at + 1)
        || at > from + 1 && Launches.writes(plan.get(from + 1), in)) {
      return 0;
    }
    launches.addAll(plan.subList(from + 1, at));
    launches.add(
        new Launch(
            CardKernels.normAddNorm(NORM_ITEMS),
            first.x(),
            Extent.ONE,
            Extent.ONE,
            List.of(
                new Arg.Memory(in),
                first.args().get(1),
                new Arg.Memory(addend),
                second.args().get(1),
                new Arg.Memory(sum),
                new Arg.Memory(Launches.written(second)),
                new Arg.Memory(Launches.written(second)),
                first.args().get(3),
                first.args().get(4),
                new Arg.Int(0)),
            first.when(),
            1,
            Integer.MAX_VALUE));
    return at + 2 - from;
  }

  /** Lets all that reads a slot from a launch on read another one, if that is free. */
  private boolean move(Region.Slot from, Region.Slot to, int first) {
    int last = first - 1;
    int end = first;
    while (end < plan.size() && !Launches.writes(plan.get(end), from)) {
      if (Launches.reads(plan.get(end), from)) {
        last = end;
      }
      end++;
    }
    if (end == plan.size() && kept.contains(from)
        || plan.subList(first, last + 1).stream().anyMatch(l -> Launches.writes(l, to))) {
      return false;
    }
    for (int i = first; i <= last; i++) {
      plan.set(i, moved(plan.get(i), from, to));
    }
    return true;
  }

  /** Norms of heads where there are some, rotations, and what stores keys and values. */
  private int heads(int from) {
    int at = from;
    boolean normed = is(at, "rmsNorm") && is(at + 1, "rmsNorm");
    if (normed) {
      at += 2;
    }
    if (!is(at, "rope") || !is(at + 1, "rope") || !is(at + 2, "store") || !is(at + 3, "store")) {
      return 0;
    }
    Launch ropeQ = plan.get(at);
    Launch ropeK = plan.get(at + 1);
    Launch storeK = plan.get(at + 2);
    Launch storeV = plan.get(at + 3);
    if (!(Launches.region(storeK, 2) instanceof Region.Keys(KvSpec kv))
        || !ropeQ.args().subList(4, 9).equals(ropeK.args().subList(4, 9))
        || !Launches.region(ropeQ, 1).equals(Launches.region(ropeK, 1))
        || !Launches.slot(storeK, 0).equals(Launches.written(ropeK))
        || Launches.number(ropeQ, 5) != kv.headDimK()) {
      return 0;
    }
    Region.Slot q = Launches.slot(ropeQ, 0);
    Region.Slot k = Launches.slot(ropeK, 0);
    Region.Slot v = Launches.slot(storeV, 0);
    Region.Slot out = Launches.written(ropeQ);
    int end = at + 4;
    Arg gammaQ = ropeQ.args().getFirst();
    Arg gammaK = gammaQ;
    Arg eps = new Arg.Real(0);
    if (normed) {
      Launch normQ = plan.get(from);
      Launch normK = plan.get(from + 1);
      if (!q.equals(Launches.written(normQ))
          || !k.equals(Launches.written(normK))
          || Launches.number(normQ, 4) != kv.headDimK()
          || Launches.number(normK, 4) != kv.headDimK()
          || !normQ.args().get(3).equals(normK.args().get(3))
          || !isDead(q, at + 1)
          || !isDead(k, at + 2)) {
        return 0;
      }
      q = Launches.slot(normQ, 0);
      k = Launches.slot(normK, 0);
      gammaQ = normQ.args().get(1);
      gammaK = normK.args().get(1);
      eps = normQ.args().get(3);
    }
    // Nobody sees turned keys but in their pages; and no head may be written before it was read:
    // queries may go where their norms would be, or stay where they are.
    if (!isDead(Launches.written(ropeK), end)) {
      return 0;
    }
    if (out.equals(k) || out.equals(v)) {
      Region.Slot norms = Launches.slot(ropeQ, 0);
      if (normed && move(out, norms, end)) {
        out = norms;
      } else if (move(out, q, end)) {
        out = q;
      } else {
        return 0;
      }
    }
    int heads = Launches.number(ropeQ, 9);
    launches.add(
        new Launch(
            CardKernels.placeHeads(HEAD_ITEMS),
            Extent.of(Count.TOKENS, heads + 2 * kv.nHeadKv(), 1),
            Extent.ONE,
            Extent.ONE,
            List.of(
                new Arg.Memory(q),
                new Arg.Memory(k),
                new Arg.Memory(v),
                gammaQ,
                gammaK,
                new Arg.Int(normed ? 1 : 0),
                eps,
                ropeQ.args().get(1),
                ropeQ.args().get(6),
                ropeQ.args().get(7),
                ropeQ.args().get(8),
                new Arg.Memory(out),
                storeK.args().get(2),
                storeV.args().get(2),
                storeK.args().get(1),
                storeK.args().get(3),
                storeK.args().get(4),
                storeK.args().get(5),
                storeK.args().get(6),
                storeK.args().get(7),
                new Arg.Int(heads),
                new Arg.Int(kv.nHeadKv()),
                new Arg.Int(kv.headDimK()),
                new Arg.Int(kv.headDimV()),
                new Arg.Int(CardKernels.pages(kv.typeK())),
                new Arg.Int(CardKernels.pages(kv.typeV())),
                new Arg.Int(Math.toIntExact(kv.typeK().rowBytes(kv.headDimK()))),
                new Arg.Int(Math.toIntExact(kv.typeV().rowBytes(kv.headDimV())))),
            Count.TOKENS,
            1,
            Integer.MAX_VALUE));
    return end - from;
  }
}
