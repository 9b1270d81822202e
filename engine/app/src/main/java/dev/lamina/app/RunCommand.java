package dev.lamina.app;

import dev.lamina.chat.ChatTemplate;
import dev.lamina.chat.Message;
import dev.lamina.chat.Prompt;
import dev.lamina.chat.ReasoningParser;
import dev.lamina.placement.Placement;
import dev.lamina.placement.Stage;
import dev.lamina.session.FinishReason;
import dev.lamina.session.GenerateOptions;
import dev.lamina.session.Generation;
import dev.lamina.session.Model;
import dev.lamina.session.Session;
import dev.lamina.session.Timings;
import dev.lamina.session.Token;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code lamina run}: one prompt, one answer. The text goes to stdout, all else to stderr. */
@Command(
    name = "run",
    description = {
      "Answer one prompt. Without a model and a prompt: the built-in model tells a story.",
      "The text goes to stdout, everything else to stderr.%n"
    })
final class RunCommand implements Runnable {

  private static final String DEMO_PROMPT = "Tell me a story about a playful fox.";

  @Spec private CommandSpec spec;

  @Option(
      names = {"-p", "--prompt"},
      paramLabel = "TEXT",
      description = "The prompt.")
  private String prompt;

  @Option(
      names = {"-f", "--file"},
      paramLabel = "FILE",
      description = "A file with the prompt; '-' for stdin.")
  private String file;

  @Option(
      names = "--raw",
      description =
          "Continue the text as it is, without a chat template; special tokens in it count.")
  private boolean raw;

  @Option(
      names = "--json",
      description = "Print one JSON object at the end instead of the text as it comes.")
  private boolean json;

  @Option(
      names = "--logprobs",
      paramLabel = "N",
      description = "With --json: the log-probability of each token, and of the N likeliest.")
  private Integer logprobs;

  @Option(
      names = {"-q", "--quiet"},
      description = "Print nothing but the text, and failures.")
  private boolean quiet;

  @Mixin private ModelFlags model;
  @Mixin private SamplingFlags sampling;
  @Mixin private ChatFlags chat;

  /** How an answer came out, beside its text. */
  private record Outcome(List<Token> tokens, FinishReason finish, Timings timings) {}

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    check();
    GenerateOptions options = sampling.options(logprobs == null ? -1 : logprobs);
    String text =
        Input.text(spec, prompt, file)
            .orElseGet(() -> model.isDemo() ? DEMO_PROMPT : Input.stdin(spec));
    try (Loaded loaded = Loaded.load(model, chat.templateOrSource(), err, quiet)) {
      var show = new Show(out, err);
      Outcome outcome = generate(loaded, text, options, show);
      if (json) {
        Json.print(out, describe(loaded, show.answer.toString(), outcome));
      } else if (Terminals.stdout()) {
        show.text.endLine();
      }
      if (!quiet) {
        show.thoughts.endLine();
        Notes.tell(err, summary(loaded, outcome.timings));
        work(loaded).forEach(line -> Notes.tell(err, line));
      }
    }
  }

  /** Shows an answer as it comes: the answer itself on stdout, what was thought on stderr. */
  private final class Show {
    final StringBuilder answer = new StringBuilder();
    final Screen text;
    final Screen thoughts;

    Show(PrintWriter out, PrintWriter err) {
      text = new Screen(out, Terminals.stdout());
      thoughts = new Screen(err, Terminals.stderr());
    }

    /** False where nobody reads any more. */
    boolean answer(String piece) {
      answer.append(piece);
      return json || text.write(piece);
    }

    boolean deltas(List<ReasoningParser.Delta> deltas) {
      boolean read = true;
      for (ReasoningParser.Delta delta : deltas) {
        switch (delta.kind()) {
          case THINKING -> {
            if (chat.showsThinking() && !quiet && !json) {
              thoughts.dim(true);
              thoughts.write(delta.text());
            }
          }
          case ANSWER -> {
            thoughts.dim(false);
            thoughts.endLine();
            read &= answer(delta.text());
          }
        }
      }
      return read;
    }
  }

  private void check() {
    if (raw && (chat.hasTemplate() || chat.system() != null)) {
      throw new ParameterException(
          spec.commandLine(), "--raw uses no chat template: leave out --chat-template and -sys");
    }
    if (logprobs != null && !json) {
      throw new ParameterException(spec.commandLine(), "--logprobs goes with --json");
    }
  }

  private Outcome generate(Loaded loaded, String text, GenerateOptions options, Show show) {
    Model model = loaded.model();
    try (Session session = model.newSession()) {
      Generation generation;
      ReasoningParser parser;
      if (raw || !(chat.hasTemplate() || ChatTemplate.hasOwn(model.metadata()))) {
        generation = session.generate(text, options);
        parser = null;
      } else {
        List<Message> messages = new ArrayList<>();
        if (chat.system() != null) {
          messages.add(Message.system(chat.system()));
        }
        messages.add(Message.user(text));
        Prompt turn = model.chatPrompt(messages);
        generation =
            session.generate(model.encode(turn), options.andStop(model.chatTemplate().stops()));
        parser = new ReasoningParser(turn.thinking());
      }
      List<Token> tokens = new ArrayList<>();
      for (Token token : generation) {
        tokens.add(token);
        boolean read =
            parser == null ? show.answer(token.text()) : show.deltas(parser.accept(token.text()));
        if (!read) {
          // Nobody reads any more.
          generation.cancel();
        }
      }
      if (parser != null) {
        show.deltas(parser.finish());
      }
      return new Outcome(tokens, generation.finishReason(), generation.timings());
    }
  }

  private Map<String, Object> describe(Loaded loaded, String text, Outcome outcome) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("text", text);
    all.put("tokens", tokens(loaded, outcome.tokens));
    all.put("prompt_tokens", outcome.timings.promptTokens());
    all.put("finish_reason", outcome.finish.name().toLowerCase(Locale.ROOT));
    all.put("placement", placement(loaded.model().placement()));
    all.put("timings", timings(loaded, outcome.timings));
    return all;
  }

  /** The ids; with log-probabilities an object for each. */
  private List<Object> tokens(Loaded loaded, List<Token> tokens) {
    List<Object> all = new ArrayList<>();
    for (Token token : tokens) {
      if (token.id() < 0) {
        // The rest of a text that was held back, no token of its own.
        continue;
      }
      if (logprobs == null) {
        all.add(token.id());
        continue;
      }
      List<Object> top = new ArrayList<>();
      for (Token.Alternative other : token.alternatives()) {
        top.add(logprob(loaded, other.id(), other.logProbability()));
      }
      Map<String, Object> entry = logprob(loaded, token.id(), token.logProbability());
      entry.put("top", top);
      all.add(entry);
    }
    return all;
  }

  private static Map<String, Object> logprob(Loaded loaded, int id, float logProbability) {
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put("id", id);
    entry.put("piece", loaded.model().tokenizer().piece(id));
    entry.put("logprob", logProbability);
    return entry;
  }

  static Map<String, Object> placement(Placement placement) {
    List<Object> stages = new ArrayList<>();
    for (Stage stage : placement.stages()) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("device", stage.deviceId());
      entry.put("first_layer", stage.first());
      entry.put("layers", stage.layers());
      entry.put("output", stage.output());
      entry.put("weight_bytes", stage.weightBytes());
      entry.put("kv_bytes", stage.kvBytes());
      entry.put("work_bytes", stage.workBytes());
      stages.add(entry);
    }
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("offloaded", placement.offloaded());
    all.put("stages", stages);
    all.put("summary", placement.summary());
    return all;
  }

  /** Keys as in the timings of llama.cpp's server, with the loading before them. */
  private static Map<String, Object> timings(Loaded loaded, Timings t) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("load_ms", loaded.milliseconds());
    all.put("cache_n", t.cachedTokens());
    all.put("prompt_n", t.promptTokens() - t.cachedTokens());
    all.put("prompt_ms", t.promptNanos() / 1e6);
    all.put("prompt_per_second", orNull(t.promptPerSecond()));
    all.put("predicted_n", t.generatedTokens());
    all.put("predicted_ms", t.generationNanos() / 1e6);
    all.put("predicted_per_second", orNull(t.generationPerSecond()));
    return all;
  }

  private static Double orNull(double value) {
    return Double.isFinite(value) ? value : null;
  }

  /** What the devices that count their work were asked to do for the answer and for loading. */
  private static List<String> work(Loaded loaded) {
    List<String> lines = new ArrayList<>();
    for (Stage stage : loaded.model().placement().stages()) {
      stage
          .device()
          .workDone()
          .ifPresent(
              w ->
                  lines.add(
                      "%s: %d submissions, %d waits, %d kernels, %d KiB in, %d KiB out"
                          .formatted(
                              stage.deviceId(),
                              w.submissions(),
                              w.synchronisations(),
                              w.dispatches(),
                              w.bytesIn() >> 10,
                              w.bytesOut() >> 10)));
    }
    return lines;
  }

  private static String summary(Loaded loaded, Timings t) {
    return "loaded in "
        + Loaded.seconds(loaded.milliseconds() / 1e3)
        + "; prompt "
        + Speeds.of(t.promptTokens() - t.cachedTokens(), t.promptPerSecond())
        + "; generation "
        + Speeds.of(t.generatedTokens(), t.generationPerSecond());
  }
}
