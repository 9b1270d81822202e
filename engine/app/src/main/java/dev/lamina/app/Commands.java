package dev.lamina.app;

import dev.lamina.LaminaException;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The root command: holds the others, and turns what they throw into exit codes and sentences. */
@Command(
    name = "lamina",
    description = "Runs GGUF language models on the devices of this machine.",
    synopsisSubcommandLabel = "COMMAND",
    versionProvider = Commands.Version.class,
    mixinStandardHelpOptions = true,
    scope = ScopeType.INHERIT,
    usageHelpAutoWidth = true,
    sortOptions = false,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done",
      "1:it failed, and a sentence on stderr says why",
      "2:the command line is wrong"
    })
final class Commands implements Runnable {

  /** All commands, in the order of the help. */
  private static final Map<String, Class<?>> ALL = new LinkedHashMap<>();

  static {
    ALL.put("run", RunCommand.class);
    ALL.put("chat", ChatCommand.class);
    ALL.put("features", FeaturesCommand.class);
    ALL.put("devices", DevicesCommand.class);
    ALL.put("inspect", InspectCommand.class);
    ALL.put("tokenize", TokenizeCommand.class);
    ALL.put("bench", BenchCommand.class);
    ALL.put("imatrix", ImatrixCommand.class);
    ALL.put("quantize", QuantizeCommand.class);
    ALL.put("split", SplitCommand.class);
    ALL.put("merge", MergeCommand.class);
    ALL.put("perplexity", PerplexityCommand.class);
    ALL.put("choose", ChooseCommand.class);
    ALL.put("pull", PullCommand.class);
    ALL.put("list", ListCommand.class);
    ALL.put("rm", RmCommand.class);
  }

  /** What asks for nothing but the version. */
  private static final List<String> VERSION = List.of("-V", "--version");

  /** Exit code of a failure that was told in a sentence. */
  static final int FAILED = 1;

  /** Exit code of a wrong command line. */
  static final int USAGE = 2;

  @Spec private CommandSpec spec;

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Print a stack trace when something fails.")
  private boolean debug;

  /**
   * Parses and runs one command line. Never throws for what a user can cause.
   *
   * @param out where results go
   * @param err where everything else goes
   * @param args the arguments after {@code lamina}
   * @return the exit code
   */
  static int execute(PrintWriter out, PrintWriter err, String... args) {
    var root = new Commands();
    var line = new CommandLine(root);
    // Reading a command's flags takes milliseconds, so only those of the command asked for are
    // read.
    if (args.length > 0 && ALL.containsKey(args[0])) {
      line.addSubcommand(args[0], ALL.get(args[0]));
    } else if (args.length != 1 || !VERSION.contains(args[0])) {
      ALL.forEach(line::addSubcommand);
    }
    line.getSubcommands()
        .values()
        .forEach(c -> c.getCommandSpec().usageMessage().abbreviateSynopsis(true));
    Converters.register(line);
    line.setOut(out);
    line.setErr(err);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setParameterExceptionHandler(Commands::wrongUsage);
    line.setExecutionExceptionHandler((e, cmd, parsed) -> failed(root, e, cmd, parsed));
    try {
      return line.execute(args);
    } catch (OutOfMemoryError e) {
      // Not an exception to picocli, yet a user's everyday mistake: a model too large for the heap.
      Notes.tell(
          err,
          "out of memory: "
              + e.getMessage()
              + "; choose a smaller context (-c), or give the Java heap more with"
              + " LAMINA_JAVA_OPTS=-Xmx...");
      if (root.debug) {
        e.printStackTrace(err);
      }
      return FAILED;
    } finally {
      out.flush();
      err.flush();
    }
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing");
  }

  private static int wrongUsage(ParameterException e, String[] args) {
    CommandLine cmd = e.getCommandLine();
    PrintWriter err = cmd.getErr();
    // Some of picocli's messages go over several lines.
    String sentence = e.getMessage().strip();
    if (e instanceof UnmatchedArgumentException unmatched) {
      sentence = unmatched(unmatched);
    }
    Notes.tell(err, sentence);
    if (!isModel(e)) {
      UnmatchedArgumentException.printSuggestions(e, err);
    }
    err.println("Try '" + cmd.getCommandSpec().qualifiedName() + " --help'.");
    return USAGE;
  }

  /**
   * What is wrong with words that no command or flag takes; those who know ollama give bare ones.
   */
  private static String unmatched(UnmatchedArgumentException e) {
    CommandSpec command = e.getCommandLine().getCommandSpec();
    boolean root = command.parent() == null;
    String word = e.getUnmatched().getFirst();
    if (e.isUnknownOption()) {
      return root
          ? "the command comes first, such as 'lamina run "
              + String.join(" ", e.getUnmatched())
              + "'"
          : "there is no flag " + word;
    }
    if (root) {
      return isModel(e)
          ? "there is no command '%s'; 'lamina run -m %s -p TEXT' runs a model"
              .formatted(word, word)
          : "there is no command '%s'".formatted(word);
    }
    boolean prompts =
        command.findOption("--model") != null && command.findOption("--prompt") != null;
    return "'%s' is one word too many%s"
        .formatted(word, prompts ? ": a model is named by -m FILE, a text by -p TEXT" : "");
  }

  private static boolean isModel(ParameterException e) {
    return e instanceof UnmatchedArgumentException u
        && u.getUnmatched().getFirst().endsWith(".gguf");
  }

  private static int failed(Commands root, Exception e, CommandLine cmd, ParseResult parsed) {
    PrintWriter err = cmd.getErr();
    switch (e) {
      case LaminaException l -> Notes.tell(err, l.getMessage());
      default ->
          Notes.tell(err, "internal error: " + e + (root.debug ? "" : " (--debug prints where)"));
    }
    if (root.debug) {
      e.printStackTrace(err);
    }
    return FAILED;
  }

  /** The version that the build wrote into the jar. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      var version = Commands.class.getPackage().getImplementationVersion();
      return new String[] {
        "lamina " + Objects.requireNonNullElse(version, "(not from a jar)"),
        "Java "
            + Runtime.version()
            + ", "
            + System.getProperty("os.name")
            + " "
            + System.getProperty("os.arch")
      };
    }
  }
}
