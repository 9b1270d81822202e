package dev.lamina.app.hub;

import dev.lamina.FileProblem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The cache that all tools of the hub share: {@code models--OWNER--REPO} with {@code blobs} (the
 * contents, named by their ids), {@code refs} (the commits of branches) and {@code
 * snapshots/COMMIT} (the files by their names, links to the blobs; where there can be no links, the
 * files themselves).
 */
public final class HubCache {
  private static final String PREFIX = "models--";

  /**
   * Not the name that other tools give to what is on its way: they would take it for the file's
   * beginning, and ours has holes.
   */
  private static final String PARTIAL = ".lamina.incomplete";

  private final Path root;
  private final Links links;

  /** How a file is linked. */
  @FunctionalInterface
  interface Links {
    void create(Path link, Path target) throws IOException;
  }

  public HubCache(Path root) {
    this(root, (link, target) -> Files.createSymbolicLink(link, target));
  }

  HubCache(Path root, Links links) {
    this.root = root;
    this.links = links;
  }

  Path root() {
    return root;
  }

  Path repo(String repo) {
    return root.resolve(PREFIX + repo.replace("/", "--"));
  }

  Path blob(String repo, String id) {
    return repo(repo).resolve("blobs").resolve(id);
  }

  Path partial(String repo, String id) {
    return repo(repo).resolve("blobs").resolve(id + PARTIAL);
  }

  Path guard(String repo, String id) {
    return root.resolve(".locks").resolve(repo(repo).getFileName()).resolve(id + ".lamina.lock");
  }

  Path snapshot(String repo, String commit) {
    return repo(repo).resolve("snapshots").resolve(commit);
  }

  /** The commit that a branch was at when it was last asked for. */
  Optional<String> commit(String repo, String revision) {
    Path ref = repo(repo).resolve("refs").resolve(revision);
    try {
      return Files.isRegularFile(ref)
          ? Optional.of(Files.readString(ref).strip()).filter(c -> c.matches("[0-9a-f]{40}"))
          : Optional.empty();
    } catch (IOException e) {
      throw failed(ref, e);
    }
  }

  void setCommit(String repo, String revision, String commit) throws IOException {
    Path ref = repo(repo).resolve("refs").resolve(revision);
    Files.createDirectories(ref.getParent());
    Path fresh = Files.createTempFile(ref.getParent(), ".ref", "");
    Files.writeString(fresh, commit);
    Files.move(fresh, ref, StandardCopyOption.REPLACE_EXISTING);
  }

  /** The files of a snapshot whose contents are there, with slashes between folders. */
  List<String> files(String repo, String commit) {
    Path snapshot = snapshot(repo, commit);
    if (!Files.isDirectory(snapshot)) {
      return List.of();
    }
    try (Stream<Path> found = Files.walk(snapshot)) {
      return found
          .filter(Files::isRegularFile)
          .map(path -> snapshot.relativize(path).toString().replace('\\', '/'))
          .sorted()
          .toList();
    } catch (IOException | UncheckedIOException e) {
      throw failed(snapshot, e);
    }
  }

  /** Gives a blob its name in a snapshot. */
  void link(String repo, String commit, RepoFile file) throws IOException {
    Path link = snapshot(repo, commit).resolve(file.path());
    Files.createDirectories(link.getParent());
    if (Files.isRegularFile(link)) {
      return;
    }
    Path blob = blob(repo, file.id());
    Files.deleteIfExists(link);
    try {
      links.create(link, link.getParent().relativize(blob));
    } catch (FileAlreadyExistsException e) {
      // Another program was faster.
    } catch (IOException | UnsupportedOperationException e) {
      // As the hub's own tools do: the file itself takes the link's place.
      Files.move(blob, link);
    }
  }

  /**
   * A file of a repository that is in the cache.
   *
   * @param path with slashes between folders
   * @param file where it is
   * @param bytes of the content
   */
  public record Cached(String repo, String commit, String path, Path file, long bytes) {}

  /** All repositories, in alphabetical order. */
  public List<String> repos() {
    if (!Files.isDirectory(root)) {
      return List.of();
    }
    try (Stream<Path> found = Files.list(root)) {
      return found
          .filter(Files::isDirectory)
          .map(path -> path.getFileName().toString())
          .filter(name -> name.startsWith(PREFIX))
          .map(name -> name.substring(PREFIX.length()).replace("--", "/"))
          .filter(RepoName::isName)
          .sorted()
          .toList();
    } catch (IOException e) {
      throw failed(root, e);
    }
  }

  /** All files of a repository, of every snapshot. */
  public List<Cached> cached(String repo) {
    List<Cached> all = new ArrayList<>();
    Path snapshots = repo(repo).resolve("snapshots");
    if (Files.isDirectory(snapshots)) {
      try (Stream<Path> commits = Files.list(snapshots)) {
        for (Path commit : (Iterable<Path>) commits.sorted()::iterator) {
          String name = commit.getFileName().toString();
          for (String path : files(repo, name)) {
            Path file = commit.resolve(path);
            all.add(new Cached(repo, name, path, file, Files.size(file)));
          }
        }
      } catch (IOException e) {
        throw failed(snapshots, e);
      }
    }
    return all;
  }

  /** Bytes of a repository that are of no file yet. */
  public long unfinished(String repo) {
    Path blobs = repo(repo).resolve("blobs");
    if (!Files.isDirectory(blobs)) {
      return 0;
    }
    try (Stream<Path> found = Files.list(blobs)) {
      long sum = 0;
      for (Path blob : (Iterable<Path>) found::iterator) {
        sum += blob.getFileName().toString().contains(".incomplete") ? Files.size(blob) : 0;
      }
      return sum;
    } catch (IOException e) {
      throw failed(blobs, e);
    }
  }

  /**
   * Deletes files of a repository, with the contents that no other name has; with the last one the
   * repository, what is unfinished included.
   *
   * @return bytes that are free now
   */
  public long remove(String repo, List<Cached> files) {
    Path folder = repo(repo);
    try {
      // Contents by their real place, which is the file itself where there are no links.
      Map<Path, Long> gone = new HashMap<>();
      for (Cached file : files) {
        gone.put(file.file().toRealPath(), file.bytes());
        Files.delete(file.file());
      }
      List<Cached> left = cached(repo);
      for (Cached file : left) {
        gone.remove(file.file().toRealPath());
      }
      long freed = 0;
      Path blobs = folder.resolve("blobs").toAbsolutePath();
      Path own = Files.exists(blobs) ? blobs.toRealPath() : blobs;
      for (Map.Entry<Path, Long> content : gone.entrySet()) {
        // A link that somebody made to elsewhere frees nothing.
        if (content.getKey().startsWith(own)) {
          freed += content.getValue();
          Files.deleteIfExists(content.getKey());
        } else if (!Files.exists(content.getKey())) {
          freed += content.getValue();
        }
      }
      if (left.isEmpty()) {
        freed += unfinished(repo);
        deleteTree(folder);
        deleteTree(guard(repo, "x").getParent());
      }
      return freed;
    } catch (IOException e) {
      throw failed(folder, e);
    }
  }

  private static void deleteTree(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return;
    }
    List<Path> all;
    try (Stream<Path> found = Files.walk(folder)) {
      all = found.toList();
    }
    for (Path path : all.reversed()) {
      Files.deleteIfExists(path);
    }
  }

  private static HubException failed(Path path, Exception e) {
    String why = e instanceof IOException io ? FileProblem.reason(io) : e.getMessage();
    return new HubException(path + ": the cache cannot be used: " + why, e);
  }
}
