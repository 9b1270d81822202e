package dev.lamina.app;

import dev.lamina.app.hub.HubCache;
import dev.lamina.app.hub.HubCache.Cached;
import dev.lamina.app.hub.RepoName;
import dev.lamina.choose.FileList;
import dev.lamina.choose.Quant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The models of the hub's cache, a split one as one. */
final class CachedModels {
  private CachedModels() {}

  /**
   * A model.
   *
   * @param name how a user names it: {@code OWNER/REPO:QUANT}, or with the file's path where its
   *     name tells no quant
   * @param files its files, of all commits
   */
  record Entry(String name, List<Cached> files) {
    /** Bytes of the model; the same file of two commits counts once. */
    long bytes() {
      Map<String, Long> sizes = new LinkedHashMap<>();
      files.forEach(file -> sizes.put(file.path(), file.bytes()));
      return sizes.values().stream().mapToLong(Long::longValue).sum();
    }

    long parts() {
      return files.stream().map(Cached::path).distinct().count();
    }
  }

  /** The models of a repository. */
  static List<Entry> of(HubCache cache, String repo) {
    Map<String, List<Cached>> models = new LinkedHashMap<>();
    for (Cached file : cache.cached(repo)) {
      if (file.path().endsWith(".gguf")) {
        models.computeIfAbsent(name(repo, file.path()), key -> new ArrayList<>()).add(file);
      }
    }
    return models.entrySet().stream().map(e -> new Entry(e.getKey(), e.getValue())).toList();
  }

  private static String name(String repo, String path) {
    String stem = FileList.stem(path);
    Optional<Quant> quant =
        FileList.noModel(path).isPresent() ? Optional.empty() : Quant.inFileName(stem);
    return quant.map(q -> new RepoName(repo, q.name()).toString()).orElse(repo + "/" + path);
  }
}
