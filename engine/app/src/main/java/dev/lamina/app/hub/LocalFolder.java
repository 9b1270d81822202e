package dev.lamina.app.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Locale;

/**
 * A folder of the user's with files of a repository. What is known of them is kept as the hub's own
 * tools do: {@code .cache/huggingface/download/PATH.metadata} with the commit, the file's id and
 * the time, a line each.
 */
final class LocalFolder {
  private final Path folder;

  LocalFolder(Path folder) {
    this.folder = folder;
  }

  Path file(RepoFile file) {
    return folder.resolve(file.path());
  }

  private Path known(RepoFile file, String ending) {
    return folder.resolve(".cache/huggingface/download").resolve(file.path() + ending);
  }

  Path partial(RepoFile file) {
    return known(file, "." + file.id() + ".lamina.incomplete");
  }

  Path guard(RepoFile file) {
    return known(file, ".lamina.lock");
  }

  /** Whether the file is there, is as it was fetched, and is what the hub has now. */
  boolean has(RepoFile file) throws IOException {
    Path path = file(file);
    Path metadata = known(file, ".metadata");
    if (!Files.isRegularFile(path)
        || Files.size(path) != file.size()
        || !Files.isRegularFile(metadata)) {
      return false;
    }
    List<String> lines = Files.readAllLines(metadata);
    if (lines.size() < 3 || !lines.get(1).strip().equals(file.id())) {
      return false;
    }
    try {
      double time = Double.parseDouble(lines.get(2).strip());
      // With a second for the clocks of file systems.
      return Files.getLastModifiedTime(path).toMillis() / 1e3 - 1 <= time;
    } catch (NumberFormatException e) {
      return false;
    }
  }

  void remember(RepoFile file, String commit, Instant time) throws IOException {
    Path metadata = known(file, ".metadata");
    Files.createDirectories(metadata.getParent());
    Files.writeString(
        metadata,
        String.format(Locale.ROOT, "%s%n%s%n%.6f%n", commit, file.id(), time.toEpochMilli() / 1e3));
  }
}
