package dev.lamina.app;

import dev.lamina.session.GenerateOptions;
import dev.lamina.session.Session;
import java.io.PrintWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lamina chat}: a conversation at the terminal, or through a pipe, a message a line. */
@Command(
    name = "chat",
    description = {
      "Talk with a model. Type /help there for what can be typed.",
      "Through a pipe, each line is a message.%n"
    })
final class ChatCommand implements Runnable {

  @Spec private CommandSpec spec;

  @Option(
      names = {"-p", "--prompt"},
      paramLabel = "TEXT",
      description = "A first message, before anything is typed.")
  private String prompt;

  @Option(
      names = {"-f", "--file"},
      paramLabel = "FILE",
      description = "A file with the first message.")
  private String file;

  @Option(
      names = {"-q", "--quiet"},
      description = "Print nothing but the answers, and failures.")
  private boolean quiet;

  @Mixin private ModelFlags model;
  @Mixin private SamplingFlags sampling;
  @Mixin private ChatFlags chat;

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    GenerateOptions options = sampling.options(-1);
    String first = Input.text(spec, prompt, file).orElse(null);
    boolean atTerminal = Terminals.stdin() && Terminals.stdout();
    try (Loaded loaded = Loaded.load(model, chat.templateOrSource(), err, quiet);
        Session session = loaded.model().newSession();
        Lines lines = atTerminal ? new TerminalLines(ChatLoop.COMMANDS) : new Lines.Piped()) {
      if (atTerminal && !quiet) {
        Notes.tell(
            err,
            model.name() + "; /help tells what can be typed, Ctrl-C stops an answer, Ctrl-D ends");
      }
      new ChatLoop(lines, session, options, out, err, atTerminal)
          .system(chat.system())
          .showThinking(chat.showsThinking())
          .showSpeeds(atTerminal && !quiet)
          .run(first);
    }
  }
}
