package dev.lamina.features;

import java.util.List;

/**
 * What one backend can do of one feature.
 *
 * @param state the answer
 * @param notes why, in whole sentences; empty where there is nothing to add
 */
public record Cell(State state, List<String> notes) {
  /** Answers. */
  public enum State {
    WORKS("works"),
    /** Works, and a note says why it is slow. */
    SLOW("slow"),
    /** Works for some types of the row's family; a note names the others. */
    PARTLY("partly"),
    NO("no"),
    /** Built, and should work, but has never run on real hardware of this kind. */
    BUILT_BUT_NEVER_RUN("never run");

    private final String text;

    State(String text) {
      this.text = text;
    }

    /** The word in a table. */
    public String text() {
      return text;
    }
  }

  public Cell {
    notes = List.copyOf(notes);
  }

  /** Whether this backend takes such layers at all. */
  public boolean runs() {
    return state != State.NO;
  }
}
