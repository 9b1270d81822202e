package dev.lamina.app;

import java.io.PrintWriter;

/**
 * What the program itself says, beside its results: sentences on stderr that begin with its name.
 */
final class Notes {

  private static final String PREFIX = "lamina: ";

  private Notes() {}

  /** Says a sentence, at once. */
  static void tell(PrintWriter err, String sentence) {
    err.println(PREFIX + sentence);
    err.flush();
  }

  /** As {@link #tell(PrintWriter, String)}, for a command that may be asked to be quiet. */
  static void tell(PrintWriter err, boolean quiet, String sentence) {
    if (!quiet) {
      tell(err, sentence);
    }
  }
}
