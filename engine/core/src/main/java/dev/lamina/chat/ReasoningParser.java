package dev.lamina.chat;

import java.util.ArrayList;
import java.util.List;

/**
 * Splits a model's text, as it comes, into what it thinks and what it answers. Tags are never
 * broken: text that may yet turn out to be one is held back until it is decided. Nothing but the
 * tags is left out, so that thinking and answer are exactly what the model wrote.
 *
 * <p>Reasoning is what stands before the closing tag where the prompt ended in the opening one, or
 * what stands between tags at the very beginning (white space before them aside). Tags further on
 * are part of the answer: models talk about tags too.
 *
 * <p>For one answer, and one thread.
 */
public final class ReasoningParser {
  /** What a piece of text is. */
  public enum Kind {
    THINKING,
    ANSWER
  }

  /** The next piece of text; never empty. */
  public record Delta(Kind kind, String text) {}

  private enum State {
    /** Nothing but white space so far; an opening tag may come. */
    START,
    THINKING,
    ANSWER
  }

  private final StringBuilder held = new StringBuilder();
  private final StringBuilder thinking = new StringBuilder();
  private final StringBuilder answer = new StringBuilder();
  private ThinkTags tags;
  private State state;

  /**
   * A parser for what follows a prompt.
   *
   * @param open the tags that the prompt leaves open ({@link Prompt#thinking}), or null
   */
  public ReasoningParser(ThinkTags open) {
    this.tags = open;
    this.state = open == null ? State.START : State.THINKING;
  }

  /** Whether the text so far ends in the middle of reasoning. */
  public boolean isThinking() {
    return state == State.THINKING;
  }

  /** All of the reasoning so far; what is held back is not in it. */
  public String thinking() {
    return thinking.toString();
  }

  /** All of the answer so far; what is held back is not in it. */
  public String answer() {
    return answer.toString();
  }

  /** Takes the next piece of the model's text and returns what it decides. */
  public List<Delta> accept(String text) {
    List<Delta> deltas = new ArrayList<>(2);
    held.append(text);
    if (state == State.START) {
      start(deltas);
    }
    if (state == State.THINKING) {
      think(deltas);
    }
    if (state == State.ANSWER) {
      emit(Kind.ANSWER, held.length(), deltas);
    }
    return deltas;
  }

  /** Ends the text: what was held back turns out not to be a tag. */
  public List<Delta> finish() {
    List<Delta> deltas = new ArrayList<>(1);
    emit(state == State.THINKING ? Kind.THINKING : Kind.ANSWER, held.length(), deltas);
    return deltas;
  }

  private void start(List<Delta> deltas) {
    int begin = 0;
    while (begin < held.length() && Character.isWhitespace(held.charAt(begin))) {
      begin++;
    }
    boolean undecided = begin == held.length();
    for (ThinkTags known : ThinkTags.KNOWN) {
      String open = known.open();
      int common = Math.min(open.length(), held.length() - begin);
      if (open.startsWith(held.substring(begin, begin + common))) {
        if (common == open.length()) {
          tags = known;
          state = State.THINKING;
          held.delete(0, begin + common);
          return;
        }
        undecided = true;
      }
    }
    if (!undecided) {
      state = State.ANSWER;
    }
  }

  private void think(List<Delta> deltas) {
    String close = tags.close();
    int at = held.indexOf(close);
    if (at >= 0) {
      emit(Kind.THINKING, at, deltas);
      held.delete(0, close.length());
      state = State.ANSWER;
      return;
    }
    emit(Kind.THINKING, held.length() - Partial.suffix(held, close), deltas);
  }

  private void emit(Kind kind, int length, List<Delta> deltas) {
    if (length > 0) {
      String text = held.substring(0, length);
      held.delete(0, length);
      (kind == Kind.THINKING ? thinking : answer).append(text);
      deltas.add(new Delta(kind, text));
    }
  }
}
