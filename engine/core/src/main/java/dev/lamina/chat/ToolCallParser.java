package dev.lamina.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Finds tool calls in a model's text as it comes. Text that may yet be a call is held back; what
 * begins like a call and is none comes out as the text it is, so that nothing is lost.
 *
 * <p>The marks ({@code <tool_call>}, {@code [TOOL_CALLS]}, {@code <|python_tag|>}) are special
 * tokens of most vocabularies: detokenize with special tokens printed. Give it the answer without
 * the reasoning. For one answer, and one thread.
 */
public final class ToolCallParser {
  /** What comes out. */
  public sealed interface Event {
    /** Text of the answer; never empty. */
    record Text(String text) implements Event {}

    /** A complete call. Its id is null where the format has none: see {@link ToolCall#withId}. */
    record Call(ToolCall call) implements Event {}
  }

  private static final String HERMES_OPEN = "<tool_call>";
  private static final String HERMES_CLOSE = "</tool_call>";
  private static final String MISTRAL_OPEN = "[TOOL_CALLS]";
  private static final String MISTRAL_ARGUMENTS = "[ARGS]";
  private static final String MISTRAL_ID = "[CALL_ID]";
  private static final String LLAMA_OPEN = "<|python_tag|>";

  /** A call held back that grows beyond this is given up and comes out as text. */
  private static final int MAX_HELD = 1 << 20;

  private enum State {
    /** No text yet but white space. */
    START,
    TEXT,
    HERMES,
    MISTRAL,
    /** All to the end may be Llama's calls. */
    LLAMA
  }

  private final Set<ToolCallFormat> formats;
  private final StringBuilder held = new StringBuilder();
  private final JsonEnd jsonEnd = new JsonEnd();
  private State state = State.START;

  /** How far {@link #held} was looked through in vain. */
  private int searched;

  /** A parser for the given formats; with none of them all is text. */
  public ToolCallParser(Set<ToolCallFormat> formats) {
    this.formats = Set.copyOf(formats);
  }

  /** Takes the next piece of the model's text and returns what it decides. */
  public List<Event> accept(String text) {
    List<Event> events = new ArrayList<>(2);
    held.append(text);
    while (step(events)) {
      // Until more text is needed.
    }
    if (state != State.TEXT && state != State.START && held.length() > MAX_HELD) {
      text(held.length(), events);
      become(State.TEXT);
    }
    return merged(events);
  }

  /** Ends the text: what is held back is a call after all, or text. */
  public List<Event> finish() {
    List<Event> events = new ArrayList<>(2);
    switch (state) {
      case START, TEXT -> {}
      case HERMES -> hermes(held.length(), held.length(), events);
      case MISTRAL -> mistral(true, events);
      case LLAMA -> llama(events);
    }
    text(held.length(), events);
    become(State.TEXT);
    return merged(events);
  }

  private void become(State next) {
    state = next;
    searched = 0;
    jsonEnd.reset();
  }

  private void text(int length, List<Event> events) {
    if (length > 0) {
      events.add(new Event.Text(held.substring(0, length)));
      held.delete(0, length);
    }
  }

  private static List<Event> merged(List<Event> events) {
    List<Event> merged = new ArrayList<>(events.size());
    for (Event event : events) {
      if (event instanceof Event.Text(String more)
          && !merged.isEmpty()
          && merged.getLast() instanceof Event.Text(String before)) {
        merged.set(merged.size() - 1, new Event.Text(before + more));
      } else {
        merged.add(event);
      }
    }
    return merged;
  }

  /** One decision; false where more text is needed for the next. */
  private boolean step(List<Event> events) {
    return switch (state) {
      case START -> start();
      case TEXT -> findMark(events);
      case HERMES -> {
        int close = held.indexOf(HERMES_CLOSE, Math.max(HERMES_OPEN.length(), searched));
        searched = Math.max(0, held.length() - HERMES_CLOSE.length());
        if (close < 0) {
          yield false;
        }
        hermes(close, close + HERMES_CLOSE.length(), events);
        yield true;
      }
      case MISTRAL -> mistral(false, events);
      case LLAMA -> false;
    };
  }

  private boolean start() {
    int begin = 0;
    while (begin < held.length() && Character.isWhitespace(held.charAt(begin))) {
      begin++;
    }
    if (begin == held.length()) {
      return false;
    }
    boolean object = formats.contains(ToolCallFormat.LLAMA) && held.charAt(begin) == '{';
    become(object ? State.LLAMA : State.TEXT);
    return true;
  }

  private boolean findMark(List<Event> events) {
    int first = held.length();
    int keep = 0;
    State next = State.TEXT;
    for (ToolCallFormat format : formats) {
      String mark = mark(format);
      int at = held.indexOf(mark);
      if (at >= 0 && at < first) {
        first = at;
        next = state(format);
      }
      keep = Math.max(keep, Partial.suffix(held, mark));
    }
    if (next == State.TEXT) {
      text(held.length() - keep, events);
      return false;
    }
    text(first, events);
    become(next);
    return true;
  }

  private static String mark(ToolCallFormat format) {
    return switch (format) {
      case HERMES -> HERMES_OPEN;
      case MISTRAL -> MISTRAL_OPEN;
      case LLAMA -> LLAMA_OPEN;
    };
  }

  private static State state(ToolCallFormat format) {
    return switch (format) {
      case HERMES -> State.HERMES;
      case MISTRAL -> State.MISTRAL;
      case LLAMA -> State.LLAMA;
    };
  }

  /** Takes what stands between the tags; {@code end} is after the closing one. */
  private void hermes(int close, int end, List<Event> events) {
    ToolCall call =
        ToolCallReader.object(held.substring(Math.min(close, HERMES_OPEN.length()), close));
    take(call, end, events);
  }

  /** Takes the text up to {@code end} as a call, or as text where {@code call} is null. */
  private void take(ToolCall call, int end, List<Event> events) {
    if (call == null) {
      text(end, events);
    } else {
      events.add(new Event.Call(call));
      held.delete(0, end);
    }
    become(State.TEXT);
  }

  /** Takes Mistral's calls after the mark; false where more text is needed. */
  private boolean mistral(boolean last, List<Event> events) {
    int begin = skipSpace(MISTRAL_OPEN.length());
    if (begin == held.length()) {
      return giveUpIf(last, events);
    }
    if (held.charAt(begin) == '[' && !startsWith(MISTRAL_ARGUMENTS, begin)) {
      int end = jsonEnd.find(held, begin);
      if (end < 0) {
        return giveUpIf(last, events);
      }
      List<ToolCall> calls = ToolCallReader.array(held.substring(begin, end));
      if (calls == null) {
        text(end, events);
      } else {
        calls.forEach(call -> events.add(new Event.Call(call)));
        held.delete(0, end);
      }
      become(State.TEXT);
      return true;
    }
    return namedCall(begin, last, events);
  }

  /** {@code name[CALL_ID]id[ARGS]{...}}, the marks in it optional. */
  private boolean namedCall(int begin, boolean last, List<Event> events) {
    int brace = held.indexOf("{", begin);
    if (brace < 0) {
      // A name is not that long: this is no call.
      return giveUpIf(last || held.length() - begin > 256, events);
    }
    int end = jsonEnd.find(held, brace);
    if (end < 0) {
      return giveUpIf(last, events);
    }
    String head = held.substring(begin, brace).strip();
    if (head.endsWith(MISTRAL_ARGUMENTS)) {
      head = head.substring(0, head.length() - MISTRAL_ARGUMENTS.length()).strip();
    }
    int mark = head.indexOf(MISTRAL_ID);
    String id = mark < 0 ? null : head.substring(mark + MISTRAL_ID.length()).strip();
    String name = mark < 0 ? head : head.substring(0, mark).strip();
    take(ToolCallReader.named(id, name, held.substring(brace, end)), end, events);
    return true;
  }

  private boolean giveUpIf(boolean hopeless, List<Event> events) {
    if (hopeless) {
      text(MISTRAL_OPEN.length(), events);
      become(State.TEXT);
    }
    return hopeless;
  }

  private int skipSpace(int from) {
    int at = Math.min(from, held.length());
    while (at < held.length() && Character.isWhitespace(held.charAt(at))) {
      at++;
    }
    return at;
  }

  private boolean startsWith(String mark, int at) {
    return held.indexOf(mark, at) == at;
  }

  /** Takes all of what is held as Llama's calls, if that is what it is. */
  private void llama(List<Event> events) {
    boolean marked = startsWith(LLAMA_OPEN, 0);
    int at = skipSpace(marked ? LLAMA_OPEN.length() : 0);
    List<ToolCall> calls = new ArrayList<>();
    ToolCall builtin = marked ? ToolCallReader.builtin(held.substring(at)) : null;
    if (builtin != null) {
      calls.add(builtin);
      at = held.length();
    }
    while (at < held.length()) {
      int end = held.charAt(at) == '{' ? jsonEnd.find(held, at) : -1;
      ToolCall call = end < 0 ? null : ToolCallReader.llama(held.substring(at, end));
      if (call == null) {
        return;
      }
      calls.add(call);
      at = skipSpace(end);
      if (at < held.length() && held.charAt(at) == ';') {
        at = skipSpace(at + 1);
      }
    }
    if (!calls.isEmpty()) {
      calls.forEach(call -> events.add(new Event.Call(call)));
      held.setLength(0);
    }
  }
}
