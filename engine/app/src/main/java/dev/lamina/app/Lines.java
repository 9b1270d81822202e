package dev.lamina.app;

import dev.lamina.LaminaException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/** Where the messages of a chat come from: a person at a terminal, or a pipe. */
interface Lines extends AutoCloseable {

  /** What encloses a message of several lines. */
  String FENCE = "\"\"\"";

  /** What reading a message can end in beside a message. */
  enum End {
    /** Nothing comes any more. */
    INPUT,
    /** The person pressed Ctrl-C; more may come. */
    INTERRUPTED
  }

  /** A message, of one or more lines, or why there is none. */
  sealed interface Read {
    /** A message without the marks that made it several lines. */
    record Message(String text) implements Read {}

    /** No message. */
    record None(End end) implements Read {}
  }

  /** Waits for a message. */
  Read read();

  /**
   * Lets Ctrl-C do something else than end the program, until told otherwise.
   *
   * @param action what to do, on a thread of its own; null: nothing
   */
  void onInterrupt(Runnable action);

  @Override
  void close();

  /** Whether more lines belong to the message: a fence is open, or the line ends in a backslash. */
  static boolean isOpen(String text) {
    String start = text.stripLeading();
    if (start.startsWith(FENCE)) {
      return start.indexOf(FENCE, FENCE.length()) < 0;
    }
    return text.endsWith("\\");
  }

  /**
   * The message in what was typed: as it is but for the end, without fences, and without
   * backslashes before line ends.
   */
  static String message(String text) {
    String start = text.strip();
    if (start.startsWith(FENCE)) {
      int end = start.indexOf(FENCE, FENCE.length());
      return end < 0
          ? start.substring(FENCE.length()).strip()
          : (start.substring(FENCE.length(), end) + start.substring(end + FENCE.length())).strip();
    }
    return text.replace("\\\n", "\n").stripTrailing();
  }

  /** Messages from stdin that is no terminal. */
  final class Piped implements Lines {
    private final BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));

    @Override
    public Read read() {
      try {
        String text = in.readLine();
        if (text == null) {
          return new Read.None(End.INPUT);
        }
        while (isOpen(text)) {
          String more = in.readLine();
          if (more == null) {
            break;
          }
          text += "\n" + more;
        }
        return new Read.Message(message(text));
      } catch (IOException e) {
        throw new LaminaException("stdin cannot be read: " + e.getMessage(), e);
      }
    }

    @Override
    public void onInterrupt(Runnable action) {
      // Ctrl-C ends a program in a pipe.
    }

    @Override
    public void close() {
      // stdin stays open.
    }
  }
}
