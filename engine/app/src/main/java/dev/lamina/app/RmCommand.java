package dev.lamina.app;

import dev.lamina.LaminaException;
import dev.lamina.app.hub.HubCache;
import dev.lamina.app.hub.HubCache.Cached;
import dev.lamina.app.hub.RepoName;
import dev.lamina.choose.Sizes;
import java.io.PrintWriter;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lamina rm}: deletes models from the cache of the hub. */
@Command(
    name = "rm",
    description =
        "Delete a model from the cache of Hugging Face; without QUANT the whole repository.")
final class RmCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "OWNER/REPO[:QUANT]", arity = "1..*", description = "See 'lamina list'.")
  private List<String> names;

  @Option(
      names = {"-n", "--dry-run"},
      description = "Only show what would go.")
  private boolean dry;

  @Override
  public void run() {
    HubCache cache = new HubCache(HubModels.settings().cache());
    // Wrong names are told before anything is gone.
    List<RepoName> repos = names.stream().map(RepoName::parse).toList();
    repos.forEach(repo -> files(cache, repo));
    PrintWriter out = spec.commandLine().getOut();
    for (RepoName repo : repos) {
      List<Cached> files = files(cache, repo);
      if (dry) {
        files.forEach(file -> out.println("would delete " + file.file()));
      } else {
        out.println(repo + ": " + Sizes.gb(cache.remove(repo.repo(), files)) + " freed");
      }
    }
  }

  private static List<Cached> files(HubCache cache, RepoName repo) {
    if (!cache.repos().contains(repo.repo())) {
      throw new LaminaException(repo.repo() + ": is not in the cache; 'lamina list' shows what is");
    }
    if (repo.quant() == null) {
      return cache.cached(repo.repo());
    }
    return CachedModels.of(cache, repo.repo()).stream()
        .filter(model -> model.name().equalsIgnoreCase(repo.toString()))
        .findFirst()
        .map(CachedModels.Entry::files)
        .orElseThrow(
            () -> new LaminaException(repo + ": is not in the cache; 'lamina list' shows what is"));
  }
}
