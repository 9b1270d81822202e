package dev.lamina.app;

import dev.lamina.app.hub.RepoName;
import dev.lamina.app.hub.Selection;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lamina pull}: downloads a model of Hugging Face. */
@Command(
    name = "pull",
    description = {
      "Download a model of Hugging Face, in the cache that its own tools use, and print where it"
          + " is. What broke off goes on where it stopped.",
      "HF_TOKEN, HF_ENDPOINT, HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE, https_proxy and no_proxy count"
          + " as elsewhere.%n"
    })
final class PullCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "OWNER/REPO[:QUANT]",
      description = "The repository. QUANT: Q4_K_M, else Q8_0, else the first model.")
  private String name;

  @Option(
      names = "--include",
      paramLabel = "GLOB",
      description = "All files whose path or name matches, such as '*Q8_0*'.")
  private String include;

  @Option(
      names = {"-hff", "--hf-file"},
      paramLabel = "PATH",
      description = "That file of the repository.")
  private String file;

  @Option(
      names = "--local-dir",
      paramLabel = "DIR",
      description = "Put the files there instead of in the cache.")
  private Path folder;

  @Option(
      names = {"-hft", "--hf-token"},
      paramLabel = "TOKEN",
      description = "Token for the hub. [HF_TOKEN, or the one that 'hf auth login' keeps]")
  private String token;

  @Option(names = "--offline", description = "Ask nobody: print where it is in the cache.")
  private boolean offline;

  @Override
  public void run() {
    RepoName repo = RepoName.parse(name);
    if (include != null && (repo.quant() != null || file != null)) {
      throw new ParameterException(
          spec.commandLine(), "--include goes with neither :QUANT nor --hf-file");
    }
    UnaryOperator<List<String>> selection;
    if (include != null) {
      selection = paths -> Selection.matching(repo.repo(), include, paths);
    } else if (file != null) {
      selection = paths -> Selection.file(repo.repo(), file, paths);
    } else {
      selection = paths -> Selection.model(repo, paths);
    }
    PrintWriter out = spec.commandLine().getOut();
    new HubModels(spec.commandLine().getErr(), token, offline)
        .pull(repo.repo(), selection, folder)
        .forEach(out::println);
  }
}
