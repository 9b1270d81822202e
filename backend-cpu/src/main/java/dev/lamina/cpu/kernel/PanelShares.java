package dev.lamina.cpu.kernel;

/**
 * Units of panels in a row.
 *
 * @param panels panels of all
 * @param each panels of a unit; the last one may have fewer
 */
record PanelShares(int panels, int each) {
  /** Units of all. */
  int count() {
    return (panels + each - 1) / each;
  }

  /** The first panel of a unit; the end of the last one for the unit behind it. */
  int first(int unit) {
    return Math.min(panels, unit * each);
  }

  /** The same with units of at most that many panels. */
  PanelShares atMost(int most) {
    return new PanelShares(panels, Math.min(most, each));
  }
}
