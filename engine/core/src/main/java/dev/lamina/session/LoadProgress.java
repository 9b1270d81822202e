package dev.lamina.session;

/** Told while weights are loaded. */
@FunctionalInterface
public interface LoadProgress {
  LoadProgress NONE = (done, total) -> {};

  /**
   * @param done bytes of weights loaded so far
   * @param total bytes of all weights
   */
  void loaded(long done, long total);
}
