package dev.lamina.app;

import dev.lamina.chat.ChatTemplate;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** The flags of how text becomes a conversation. */
final class ChatFlags {

  /** What happens to a model's reasoning. */
  enum Thinking {
    SHOW,
    HIDE
  }

  @Spec(Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = {"-sys", "--system-prompt"},
      paramLabel = "TEXT",
      description = "What the model is told before the conversation.")
  private String system;

  @Option(
      names = "--chat-template",
      paramLabel = "NAME|FILE",
      description =
          "A built-in chat template, or a file with a Jinja template, instead of the model's own.")
  private String template;

  @Option(
      names = "--thinking",
      paramLabel = "show|hide",
      description = "What to do with the reasoning of models that reason. [show]")
  private Thinking thinking = Thinking.SHOW;

  String system() {
    return system;
  }

  boolean showsThinking() {
    return thinking == Thinking.SHOW;
  }

  /** Whether a template was named. */
  boolean hasTemplate() {
    return template != null;
  }

  /**
   * The template that was named, as {@link dev.lamina.session.LoadOptions#chatTemplate()} wants it:
   * a name or a source; null where none was.
   *
   * @throws ParameterException where it is neither a name nor a file
   */
  String templateOrSource() {
    if (template == null || ChatTemplate.builtinNames().contains(template)) {
      return template;
    }
    Path file = Input.path(template);
    if (Files.isRegularFile(file)) {
      return Input.file(file);
    }
    throw new ParameterException(
        spec.commandLine(),
        "--chat-template: '"
            + template
            + "' is no file and not one of the built-in names: "
            + String.join(", ", List.copyOf(ChatTemplate.builtinNames())));
  }
}
