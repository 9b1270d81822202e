package dev.lamina.app;

import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The flags of which file to take, with llama.cpp's names. */
final class FileFlags {

  @Option(
      names = {"-m", "--model"},
      paramLabel = "FILE",
      description = "GGUF file; any part of a split one. Without it: the built-in model.")
  private Path model;

  @Option(
      names = {"-hf", "-hfr", "--hf-repo"},
      paramLabel = "OWNER/REPO[:QUANT]",
      description =
          "Model of Hugging Face, downloaded where it is not in the cache. QUANT: Q4_K_M, else"
              + " Q8_0, else the first.")
  private String repo;

  @Option(
      names = {"-hff", "--hf-file"},
      paramLabel = "PATH",
      description = "With -hf: that file of the repository.")
  private String repoFile;

  @Option(
      names = {"-hft", "--hf-token"},
      paramLabel = "TOKEN",
      description = "Token for the hub. [HF_TOKEN, or the one that 'hf auth login' keeps]")
  private String token;

  @Option(names = "--offline", description = "With -hf: use what is in the cache, ask nobody.")
  private boolean offline;

  private Path fetched;

  /** Whether no file was named. */
  boolean isDemo() {
    return model == null && repo == null;
  }

  /**
   * The file named, downloaded where it must be, or the built-in model.
   *
   * @param spec of the command that asks
   */
  Path file(CommandSpec spec) {
    if (repo == null) {
      if (repoFile != null) {
        throw new ParameterException(
            spec.commandLine(), "-hff names a file of a repository: give that by -hf");
      }
      return model == null ? DemoModel.file() : model;
    }
    if (model != null) {
      throw new ParameterException(
          spec.commandLine(), "-m and -hf name two models: give one of them");
    }
    if (fetched == null) {
      var hub = new HubModels(spec.commandLine().getErr(), token, offline);
      fetched = hub.model(repo, repoFile);
    }
    return fetched;
  }

  /** The name of the model for people. */
  String name() {
    if (repo != null) {
      return repo;
    }
    return model == null ? "the built-in demo model" : model.toString();
  }
}
