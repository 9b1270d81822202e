package dev.lamina.chat.jinja;

/**
 * What a template may use. Templates are data of a downloaded file, so each of these holds for
 * every render, whatever the template says.
 *
 * @param maxSource most characters of template text
 * @param maxSteps most evaluation steps (a node, an element visited, or 16 characters made), with
 *     16 more for each character of the conversation, since templates walk over it
 * @param maxChars most characters of text made by one render, intermediate strings included; the
 *     conversation's own size is added 16 times, since templates copy and cut it
 * @param maxOutput most characters of the result, the conversation's own size added 16 times
 * @param maxElements most elements of one list, mapping or range
 * @param maxDepth deepest nesting of evaluation (expressions, statements and macro calls together)
 */
public record Limits(
    int maxSource, long maxSteps, long maxChars, long maxOutput, int maxElements, int maxDepth) {

  /** Generous for every template known, and about half a second and 100 MB for the worst. */
  public static final Limits DEFAULT =
      new Limits(1 << 20, 5_000_000, 48L << 20, 16L << 20, 100_000, 500);
}
