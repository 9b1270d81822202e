package dev.lamina.app;

import dev.lamina.LaminaException;
import dev.lamina.chat.Message;
import dev.lamina.chat.Prompt;
import dev.lamina.chat.ReasoningParser;
import dev.lamina.chat.ThinkTags;
import dev.lamina.session.FinishReason;
import dev.lamina.session.GenerateOptions;
import dev.lamina.session.Generation;
import dev.lamina.session.Model;
import dev.lamina.session.Session;
import dev.lamina.session.Timings;
import dev.lamina.session.Token;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/** Reads messages, answers them, and obeys what begins with a slash. */
final class ChatLoop {

  /** What can be typed instead of a message. */
  static final List<String> COMMANDS =
      List.of("/help", "/clear", "/regen", "/undo", "/system", "/read", "/stats", "/exit");

  private static final String HELP =
      """
      /help           this list
      /clear          forget the conversation; the system prompt stays
      /regen          answer the last message again
      /undo           take the last message and its answer back
      /system TEXT    set the system prompt; without TEXT: remove it
      /read FILE      send the text of a file as a message
      /stats          tokens and speeds of the last answer
      /exit           end (as does Ctrl-D)
      Several lines: Alt-Enter, a backslash at the line's end, or \"""...\""". A message that begins
      with a slash: put a blank before it. Ctrl-C stops the answer.
      """;

  private final Lines lines;
  private final Session session;
  private final Model model;
  private final List<Message> messages = new ArrayList<>();
  private final GenerateOptions options;
  private final PrintWriter err;
  private final Screen screen;

  /** Where reasoning goes: dim on the same terminal; else to stderr, away from the answers. */
  private final Screen thoughts;

  private final boolean interactive;
  private boolean showThinking;
  private boolean showSpeeds;
  private boolean thinking;
  private int answers;
  private Timings last;

  /**
   * @param interactive whether a person is there: a failed answer is then told and the chat goes on
   */
  ChatLoop(
      Lines lines,
      Session session,
      GenerateOptions options,
      PrintWriter out,
      PrintWriter err,
      boolean interactive) {
    this.lines = lines;
    this.session = session;
    this.model = session.model();
    this.options = options.andStop(model.chatTemplate().stops());
    this.err = err;
    this.screen = new Screen(out, interactive);
    this.thoughts = interactive ? screen : new Screen(err, false);
    this.interactive = interactive;
  }

  /** Sets the system prompt; null: none. */
  ChatLoop system(String text) {
    messages.removeIf(m -> m.role().equals("system"));
    if (text != null) {
      messages.addFirst(Message.system(text));
    }
    return this;
  }

  ChatLoop showThinking(boolean show) {
    showThinking = show;
    return this;
  }

  ChatLoop showSpeeds(boolean show) {
    showSpeeds = show;
    return this;
  }

  /**
   * Runs until the input ends.
   *
   * @param first a message to begin with; may be null
   */
  void run(String first) {
    boolean goOn = first == null || say(first);
    while (goOn) {
      goOn =
          switch (lines.read()) {
            case Lines.Read.Message(String text) when text.isEmpty() -> true;
            case Lines.Read.Message(String text) when text.startsWith("/") -> obey(text);
            case Lines.Read.Message(String text) -> say(text.strip());
            case Lines.Read.None(Lines.End end) ->
                switch (end) {
                  case INPUT -> false;
                  case INTERRUPTED -> {
                    tell("Ctrl-D or /exit ends");
                    yield true;
                  }
                };
          };
    }
  }

  /** Does what was asked; false where the chat is to end. */
  private boolean obey(String line) {
    String[] words = line.split("\\s+", 2);
    String rest = words.length < 2 ? "" : words[1].strip();
    switch (words[0]) {
      case "/help", "/?" -> tell(HELP.strip());
      case "/exit", "/quit", "/bye" -> {
        return false;
      }
      case "/clear" -> messages.removeIf(m -> !m.role().equals("system"));
      case "/undo" -> undo();
      case "/regen" -> {
        if (!messages.isEmpty() && messages.getLast().role().equals("assistant")) {
          messages.removeLast();
          return answer();
        }
        tell("there is no answer to make again");
      }
      case "/system" -> system(rest.isEmpty() ? null : rest);
      case "/read" -> {
        try {
          if (rest.isEmpty()) {
            throw new LaminaException("/read takes the name of a file");
          }
          return say(Input.file(Input.path(rest)));
        } catch (LaminaException e) {
          tell(e.getMessage());
        }
      }
      case "/stats" -> tell(last == null ? "there is no answer yet" : stats());
      default -> tell(words[0] + " is no command; /help lists them");
    }
    return true;
  }

  private void undo() {
    while (!messages.isEmpty() && !messages.getLast().role().equals("system")) {
      if (messages.removeLast().role().equals("user")) {
        return;
      }
    }
  }

  /** Sends a message and shows the answer; false where nobody reads any more. */
  private boolean say(String text) {
    messages.add(Message.user(text));
    return answer();
  }

  private boolean answer() {
    try {
      return generate();
    } catch (LaminaException e) {
      if (!interactive) {
        throw e;
      }
      endThoughts();
      screen.endLine();
      undo();
      tell(e.getMessage());
      return true;
    }
  }

  private boolean generate() {
    Turn turn = fit();
    // Another seed for each answer: the same one would make /regen give the same text.
    var sampling = options.sampling().withSeed(options.sampling().seed() + answers++);
    Generation generation = session.generate(turn.tokens(), options.withSampling(sampling));
    var parser = new ReasoningParser(turn.thinking());
    boolean read = true;
    lines.onInterrupt(generation::cancel);
    try {
      for (Token token : generation) {
        read &= show(parser.accept(token.text()));
        if (!read) {
          generation.cancel();
        }
      }
      read &= show(parser.finish());
    } finally {
      lines.onInterrupt(null);
    }
    endThoughts();
    screen.endLine();
    // What was stopped half-way counts too: the person has seen it.
    messages.add(
        Message.assistant(
            parser.answer(), parser.thinking().isEmpty() ? null : parser.thinking(), List.of()));
    last = generation.timings();
    if (generation.finishReason() == FinishReason.LENGTH
        && session.tokens().length >= session.context()) {
      tell("the context of " + session.context() + " tokens is full; -c gives more");
    }
    if (showSpeeds) {
      tell(stats());
    }
    return read;
  }

  /** Shows pieces of an answer; false where nobody reads any more. */
  private boolean show(List<ReasoningParser.Delta> deltas) {
    boolean read = true;
    for (ReasoningParser.Delta delta : deltas) {
      switch (delta.kind()) {
        case THINKING -> {
          if (showThinking) {
            thoughts.dim(true);
            thinking = true;
            read &= thoughts.write(delta.text());
          }
        }
        case ANSWER -> {
          if (thinking) {
            endThoughts();
          }
          thinking = false;
          read &= screen.write(delta.text());
        }
      }
    }
    return read;
  }

  /** What the model continues: tokens, and the tags of the reasoning that they end in, or null. */
  private record Turn(int[] tokens, ThinkTags thinking) {}

  private Turn turn() {
    Prompt prompt = model.chatPrompt(messages);
    return new Turn(model.encode(prompt), prompt.thinking());
  }

  private void endThoughts() {
    if (thinking) {
      thoughts.dim(false);
      thoughts.endLine();
      thinking = false;
    }
  }

  /** The conversation as tokens; where it outgrows the context, without its oldest messages. */
  private Turn fit() {
    Turn turn = turn();
    int room = session.context() - Math.min(256, session.context() / 4);
    boolean told = false;
    while (turn.tokens().length > room && dropOldest()) {
      if (!told) {
        tell("the conversation outgrew the context: its oldest messages are forgotten");
        told = true;
      }
      turn = turn();
    }
    return turn;
  }

  /** Drops the oldest message with its answer; false where only the newest is left. */
  private boolean dropOldest() {
    int from = 0;
    while (from < messages.size() && !messages.get(from).role().equals("user")) {
      from++;
    }
    int next = from + 1;
    while (next < messages.size() && !messages.get(next).role().equals("user")) {
      next++;
    }
    if (next >= messages.size()) {
      return false;
    }
    messages.subList(from, next).clear();
    return true;
  }

  private String stats() {
    return "prompt "
        + Speeds.of(last.promptTokens() - last.cachedTokens(), last.promptPerSecond())
        + (last.cachedTokens() > 0 ? " (" + last.cachedTokens() + " kept)" : "")
        + "; answer "
        + Speeds.of(last.generatedTokens(), last.generationPerSecond());
  }

  private void tell(String text) {
    var note = new Screen(err, interactive);
    note.dim(true);
    note.write(text);
    note.dim(false);
    note.endLine();
  }
}
