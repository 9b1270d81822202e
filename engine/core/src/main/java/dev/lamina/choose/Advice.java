package dev.lamina.choose;

import java.util.List;

/**
 * The two answers, and what is to be said of each file.
 *
 * @param fastest the file to take for speed; null: none, for the reason given
 * @param fastestWhy why this one, or why none
 * @param best the file to take for quality; null: none, for the reason given
 * @param bestWhy why this one, or why none
 * @param reserve bytes that are kept free beside a file
 * @param verdicts one for each file, in their order
 */
public record Advice(
    ModelFile fastest,
    String fastestWhy,
    ModelFile best,
    String bestWhy,
    long reserve,
    List<Verdict> verdicts) {
  /** Where a file fits. */
  public enum Fit {
    /** All of it on the GPUs. */
    VRAM,
    /** In the host's memory and, where there are GPUs, theirs. */
    MEMORY,
    /** Nowhere. */
    TOO_LARGE,
    /** A rule keeps it off this machine's GPUs. */
    NOT_OFFERED,
    /** Its type is not known. */
    UNKNOWN
  }

  /**
   * What is to be said of a file.
   *
   * @param why the reason, a sentence without its end
   */
  public record Verdict(ModelFile file, Fit fit, String why) {}

  public Advice {
    verdicts = List.copyOf(verdicts);
  }
}
