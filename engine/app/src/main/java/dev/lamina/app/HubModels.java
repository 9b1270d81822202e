package dev.lamina.app;

import dev.lamina.LaminaException;
import dev.lamina.app.hub.HubException;
import dev.lamina.app.hub.HubSettings;
import dev.lamina.app.hub.Puller;
import dev.lamina.app.hub.RepoListing;
import dev.lamina.app.hub.RepoName;
import dev.lamina.app.hub.Selection;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** The hub as commands use it: with the environment's settings, and a bar. */
final class HubModels {
  private final PrintWriter err;
  private final HubSettings settings;

  /** What the environment says; tests have their own. */
  private static Map<String, String> environment = System.getenv();

  HubModels(PrintWriter err, String token, boolean offline) {
    this.err = err;
    settings = settings().withToken(token).withOffline(offline);
  }

  static HubSettings settings() {
    return HubSettings.of(environment, Path.of(System.getProperty("user.home")));
  }

  /** Other variables than the system's, until the result is run. */
  static Runnable withEnvironment(Map<String, String> other) {
    Map<String, String> before = environment;
    environment = other;
    return () -> environment = before;
  }

  /**
   * A model's first file, downloaded where it is not there. What the cache has does where the hub
   * cannot be reached.
   *
   * @param name {@code OWNER/REPO[:QUANT]}
   * @param file a path in the repository, or null
   */
  Path model(String name, String file) {
    RepoName repo = RepoName.parse(name);
    UnaryOperator<List<String>> selection =
        file == null
            ? paths -> Selection.model(repo, paths)
            : paths -> Selection.file(repo.repo(), file, paths);
    return with(puller -> {
          try {
            return puller.toCache(repo.repo(), selection);
          } catch (HubException.Unreachable e) {
            try {
              List<Path> cached = puller.fromCache(repo.repo(), selection);
              Notes.tell(err, e.getMessage() + "; taking what is in the cache");
              return cached;
            } catch (HubException none) {
              throw e;
            }
          }
        })
        .getFirst();
  }

  /** The files of a selection, in the cache or in a folder. */
  List<Path> pull(String repo, UnaryOperator<List<String>> selection, Path folder) {
    return with(
        puller ->
            folder == null
                ? puller.toCache(repo, selection)
                : puller.toFolder(repo, folder, selection));
  }

  RepoListing list(String repo) {
    return with(puller -> puller.list(repo));
  }

  /** Something done with the hub. */
  interface Work<T> {
    T with(Puller puller) throws InterruptedException;
  }

  /** Does something with the hub, the bar shown. */
  <T> T with(Work<T> work) {
    try (var bar = new PullBar(err, Terminals.stderr());
        var puller = new Puller(settings, bar)) {
      return work.with(puller);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LaminaException("the download was interrupted; the next one goes on from there", e);
    }
  }
}
