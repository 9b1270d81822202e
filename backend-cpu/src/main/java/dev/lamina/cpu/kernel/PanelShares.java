package dev.lamina.cpu.kernel;

/**
 * Units of panels in a row: large ones for the first three quarters, then smaller ones.
 *
 * @param panels panels of all
 * @param large panels of a large unit
 * @param little panels of a small one
 */
record PanelShares(int panels, int large, int little) {
  private int largeUnits() {
    return large == little ? panels / large : panels * 3 / 4 / large;
  }

  /** Units of all. */
  int count() {
    int rest = panels - largeUnits() * large;
    return largeUnits() + (rest + little - 1) / little;
  }

  /** The first panel of a unit; the end of the last one for the unit behind it. */
  int first(int unit) {
    int before = largeUnits();
    return unit <= before
        ? unit * large
        : Math.min(panels, before * large + (unit - before) * little);
  }

  /** The same with units of at most that many panels. */
  PanelShares atMost(int most) {
    return new PanelShares(panels, Math.min(most, large), Math.min(most, little));
  }
}
