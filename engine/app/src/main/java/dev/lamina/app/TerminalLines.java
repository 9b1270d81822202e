package dev.lamina.app;

import dev.lamina.Folders;
import dev.lamina.LaminaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.jline.keymap.KeyMap;
import org.jline.reader.EOFError;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.ParsedLine;
import org.jline.reader.Parser;
import org.jline.reader.Reference;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.DefaultParser;
import org.jline.reader.impl.completer.StringsCompleter;
import org.jline.terminal.Terminal;
import org.jline.terminal.Terminal.Signal;
import org.jline.terminal.TerminalBuilder;

/**
 * Messages typed at a terminal, with line editing, a history that outlives the program, and
 * completion of commands. Enter sends; Alt-Enter, a backslash at the end of a line, or an open
 * fence goes on with another line, and what is pasted keeps its lines.
 */
final class TerminalLines implements Lines {

  private static final String PROMPT = "> ";
  private static final String MORE = ". ";
  private static final String NEW_LINE = "lamina-new-line";

  private final Terminal terminal;
  private final LineReader reader;

  /**
   * Opens the terminal.
   *
   * @param commands what is completed at the beginning of a line
   * @throws LaminaException where it cannot be opened
   */
  TerminalLines(List<String> commands) {
    try {
      terminal = TerminalBuilder.builder().system(true).build();
    } catch (IOException e) {
      throw new LaminaException("the terminal cannot be opened: " + e.getMessage(), e);
    }
    LineReaderBuilder builder =
        LineReaderBuilder.builder()
            .terminal(terminal)
            .parser(new MessageParser())
            .completer(new StringsCompleter(commands))
            .variable(LineReader.SECONDARY_PROMPT_PATTERN, MORE)
            .variable(LineReader.INDENTATION, 0)
            .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
            .option(LineReader.Option.HISTORY_IGNORE_SPACE, false)
            .option(LineReader.Option.INSERT_TAB, false);
    Path history = history();
    if (history != null) {
      builder.variable(LineReader.HISTORY_FILE, history);
    }
    reader = builder.build();
    reader
        .getWidgets()
        .put(
            NEW_LINE,
            () -> {
              reader.getBuffer().write('\n');
              return true;
            });
    for (String map : List.of(LineReader.EMACS, LineReader.VIINS)) {
      reader
          .getKeyMaps()
          .get(map)
          .bind(new Reference(NEW_LINE), KeyMap.alt('\r'), KeyMap.alt('\n'));
    }
  }

  /** A file that only the user can read; null where none can be made. */
  private static Path history() {
    Path file = Folders.state().resolve("chat-history");
    try {
      if (!Files.exists(file)) {
        Files.createDirectories(file.getParent());
        if (file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
          Files.createFile(
              file,
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        } else {
          Files.createFile(file);
        }
      }
      return Files.isWritable(file) ? file : null;
    } catch (IOException e) {
      // A chat without a history that lasts is still a chat.
      return null;
    }
  }

  @Override
  public Read read() {
    try {
      return new Read.Message(Lines.message(reader.readLine(PROMPT)));
    } catch (UserInterruptException e) {
      return new Read.None(End.INTERRUPTED);
    } catch (EndOfFileException e) {
      return new Read.None(End.INPUT);
    }
  }

  @Override
  public void onInterrupt(Runnable action) {
    terminal.handle(
        Signal.INT, action == null ? Terminal.SignalHandler.SIG_IGN : signal -> action.run());
  }

  @Override
  public void close() {
    try {
      terminal.close();
    } catch (IOException e) {
      // The terminal is gone, and so are we.
    }
  }

  /** Splits words at blanks only, and tells an unfinished message from a finished one. */
  private static final class MessageParser implements Parser {
    private final DefaultParser words = new DefaultParser();

    MessageParser() {
      words.setQuoteChars(new char[0]);
      words.setEscapeChars(new char[0]);
    }

    @Override
    public ParsedLine parse(String line, int cursor, ParseContext context) {
      if (context == ParseContext.ACCEPT_LINE && isOpen(line)) {
        throw new EOFError(-1, -1, "the message goes on");
      }
      return words.parse(line, cursor, context);
    }

    private static boolean isOpen(String line) {
      return Lines.isOpen(line);
    }
  }
}
