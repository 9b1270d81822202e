package dev.lamina.app.hub;

import dev.lamina.FileProblem;
import dev.lamina.choose.Sizes;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Brings files of repositories to this machine, and says where they are. */
public final class Puller implements AutoCloseable {
  /** The branch that everybody means. */
  public static final String REVISION = "main";

  /** Left free on the disk beside the files. */
  private static final long SPARE = 64L << 20;

  private static final long COPIED = 1 << 20;

  private final HubSettings settings;
  private final HubHttp http;
  private final HubApi api;
  private final HubCache cache;
  private final Space space;
  private final PullProgress progress;

  /** Tells free space. */
  @FunctionalInterface
  interface Space {
    /** Bytes that can be written into an existing folder. */
    long free(Path folder) throws IOException;
  }

  /** With the settings of the environment, for people. */
  public Puller(HubSettings settings, PullProgress progress) {
    this(
        settings,
        HubLimits.DEFAULT,
        new HubCache(settings.cache()),
        folder -> {
          FileStore store = Files.getFileStore(folder);
          return store.getUsableSpace();
        },
        progress);
  }

  Puller(
      HubSettings settings, HubLimits limits, HubCache cache, Space space, PullProgress progress) {
    this.settings = settings;
    this.cache = cache;
    this.space = space;
    this.progress = progress;
    http = new HubHttp(settings, limits);
    api = new HubApi(settings, http, progress);
  }

  /**
   * The files of a repository.
   *
   * @throws HubException where it cannot be asked
   */
  public RepoListing list(String repo) throws InterruptedException {
    if (settings.offline()) {
      throw new HubException(
          repo + ": the hub is not asked, since HF_HUB_OFFLINE or --offline says so");
    }
    return api.list(repo, REVISION);
  }

  /**
   * Makes files of a repository be in the cache.
   *
   * @param selection picks from the paths of all files
   * @return where they are, in the order of the selection
   */
  public List<Path> toCache(String repo, UnaryOperator<List<String>> selection)
      throws InterruptedException {
    if (settings.offline()) {
      return fromCache(repo, selection);
    }
    RepoListing listing = list(repo);
    List<RepoFile> files = choose(listing, selection);
    Path snapshot = cache.snapshot(repo, listing.commit());
    try {
      Files.createDirectories(cache.blob(repo, "x").getParent());
      List<Path> out = new ArrayList<>();
      List<RepoFile> missing = new ArrayList<>();
      long there = 0;
      long toWrite = 0;
      for (RepoFile file : files) {
        Path path = snapshot.resolve(file.path());
        out.add(path);
        if (Files.isRegularFile(path) && Files.size(path) == file.size()) {
          there += file.size();
        } else if (isBlob(repo, file)) {
          there += file.size();
          cache.link(repo, listing.commit(), file);
        } else {
          long present = PartialFile.present(cache.partial(repo, file.id()), file.size());
          there += present;
          toWrite += file.size() - present;
          missing.add(file);
        }
      }
      progress.plan(files, files.stream().mapToLong(RepoFile::size).sum(), there);
      requireSpace(
          cache.blob(repo, "x").getParent(), toWrite, "set HF_HOME to a folder on another");
      for (RepoFile file : missing) {
        toBlob(listing, file);
        cache.link(repo, listing.commit(), file);
      }
      // Last, so that who looks only here finds whole files.
      cache.setCommit(repo, REVISION, listing.commit());
      return out;
    } catch (IOException e) {
      throw disk(cache.root(), e);
    }
  }

  private boolean isBlob(String repo, RepoFile file) throws IOException {
    Path blob = cache.blob(repo, file.id());
    return Files.isRegularFile(blob) && Files.size(blob) == file.size();
  }

  private void toBlob(RepoListing listing, RepoFile file) throws IOException, InterruptedException {
    try (FileGuard _ =
        FileGuard.take(
            cache.guard(listing.repo(), file.id()),
            () ->
                progress.note("another lamina is fetching " + file.path() + ", waiting for it"))) {
      if (isBlob(listing.repo(), file)) {
        progress.received(file.size());
        return;
      }
      fetch(listing, file, cache.partial(listing.repo(), file.id()));
      Files.move(
          cache.partial(listing.repo(), file.id()),
          cache.blob(listing.repo(), file.id()),
          StandardCopyOption.ATOMIC_MOVE);
    }
  }

  /**
   * Makes files of a repository be in a folder of the user's, by their paths in the repository.
   *
   * @return where they are, in the order of the selection
   */
  public List<Path> toFolder(String repo, Path folder, UnaryOperator<List<String>> selection)
      throws InterruptedException {
    RepoListing listing = list(repo);
    List<RepoFile> files = choose(listing, selection);
    LocalFolder local = new LocalFolder(folder);
    try {
      Files.createDirectories(folder);
      List<Path> out = new ArrayList<>();
      List<RepoFile> missing = new ArrayList<>();
      long there = 0;
      long toWrite = 0;
      for (RepoFile file : files) {
        out.add(folder.resolve(file.path()));
        if (local.has(file)) {
          there += file.size();
        } else {
          long present = PartialFile.present(local.partial(file), file.size());
          there += present;
          toWrite += file.size() - present;
          missing.add(file);
        }
      }
      progress.plan(files, files.stream().mapToLong(RepoFile::size).sum(), there);
      requireSpace(folder, toWrite, "name a folder on another with --local-dir");
      for (RepoFile file : missing) {
        toFolder(listing, file, local);
      }
      return out;
    } catch (IOException e) {
      throw disk(folder, e);
    }
  }

  private void toFolder(RepoListing listing, RepoFile file, LocalFolder local)
      throws IOException, InterruptedException {
    try (FileGuard _ =
        FileGuard.take(
            local.guard(file),
            () ->
                progress.note("another lamina is fetching " + file.path() + ", waiting for it"))) {
      if (local.has(file)) {
        progress.received(file.size());
        return;
      }
      Path partial = local.partial(file);
      Path target = local.file(file);
      if (Files.isRegularFile(target) && Files.size(target) == file.size()) {
        // Somebody else brought it; its content tells whether it is the same.
        if (Checksum.of(target, file, done -> progress.checking(file, done)).equals(file.id())) {
          local.remember(file, listing.commit(), Instant.now());
          progress.received(file.size());
          return;
        }
      }
      Files.createDirectories(target.getParent());
      if (isBlob(listing.repo(), file)) {
        copy(cache.blob(listing.repo(), file.id()), partial);
      } else {
        fetch(listing, file, partial);
      }
      Files.move(partial, target, StandardCopyOption.REPLACE_EXISTING);
      local.remember(file, listing.commit(), Instant.now());
    }
  }

  private void copy(Path from, Path to) throws IOException {
    try (InputStream in = Files.newInputStream(from);
        var out = Files.newOutputStream(to)) {
      byte[] buffer = new byte[(int) COPIED];
      for (int n; (n = in.read(buffer)) >= 0; ) {
        out.write(buffer, 0, n);
        progress.received(n);
      }
    }
  }

  private static List<RepoFile> choose(RepoListing listing, UnaryOperator<List<String>> selection) {
    Map<String, RepoFile> byPath = new HashMap<>();
    listing.files().forEach(file -> byPath.put(file.path(), file));
    List<String> paths = listing.files().stream().map(RepoFile::path).toList();
    return selection.apply(paths).stream().map(byPath::get).toList();
  }

  /** What the cache has, without asking anybody. */
  public List<Path> fromCache(String repo, UnaryOperator<List<String>> selection) {
    String commit =
        cache
            .commit(repo, REVISION)
            .orElseThrow(
                () ->
                    new HubException(
                        repo
                            + ": is not in the cache at "
                            + cache.root()
                            + ", and the hub is not asked (HF_HUB_OFFLINE, --offline)"));
    Path snapshot = cache.snapshot(repo, commit);
    return selection.apply(cache.files(repo, commit)).stream().map(snapshot::resolve).toList();
  }

  /** Fetches and checks; what is there of the file is used. */
  private void fetch(RepoListing listing, RepoFile file, Path to)
      throws IOException, InterruptedException {
    Files.createDirectories(to.getParent());
    for (boolean again = false; ; again = true) {
      boolean resumed;
      try (PartialFile partial = PartialFile.open(to, file.size(), http.limits().chunkBytes())) {
        resumed = partial.done() > 0;
        Link link = new Link(http, api.address(listing, file));
        boolean token = settings.token() != null;
        new Download(http, link, listing.repo(), file, partial, token, progress).run();
      }
      String id = Checksum.of(to, file, done -> progress.checking(file, done));
      if (id.equals(file.id())) {
        Files.deleteIfExists(PartialFile.stateOf(to));
        return;
      }
      Files.delete(to);
      Files.delete(PartialFile.stateOf(to));
      progress.received(-file.size());
      if (!resumed || again) {
        throw new HubException(
            String.format(
                Locale.ROOT,
                "%s: %s is not what the hub's list says: %s is %s and should be %s; it was deleted,"
                    + " try again, and look at the proxy if it stays so",
                listing.repo(),
                file.path(),
                file.isLarge() ? "its SHA-256" : "its Git SHA-1",
                id,
                file.id()));
      }
      // The beginning was of an earlier time and may have been damaged on the disk.
      progress.note(file.path() + " came out wrong and is fetched anew");
    }
  }

  /**
   * The first bytes of a file, for its head.
   *
   * @return at most {@code most} bytes
   */
  public byte[] head(RepoListing listing, RepoFile file, int most) throws InterruptedException {
    Link link = new Link(http, api.address(listing, file));
    Retry retry = new Retry(http.limits(), progress, () -> false);
    long end = Math.min(most, file.size());
    while (true) {
      String why;
      try {
        Link.Answer answer = link.get("bytes=0-" + (end - 1));
        if (answer.status() == 206 || answer.status() == 200) {
          try (InputStream body = http.body(answer.response())) {
            byte[] bytes = body.readNBytes((int) end);
            if (bytes.length == end) {
              return bytes;
            }
          }
        }
        why = "status " + answer.status();
        if (answer.status() >= 400 && !Retry.isTransient(answer.status())) {
          HubHttp.drop(answer.response());
          throw HubErrors.of(
              listing.repo(),
              listing.repo() + ": " + file.path(),
              answer.from(),
              answer.status(),
              answer.response().headers(),
              settings.token() != null);
        }
      } catch (IOException e) {
        why = HubErrors.words(e);
      }
      if (!retry.again(why, null)) {
        throw HubErrors.gaveUp(listing.repo(), link.address(), why, null);
      }
    }
  }

  private void requireSpace(Path folder, long bytes, String otherwise) throws IOException {
    long free = space.free(folder);
    if (bytes > 0 && free < bytes + SPARE) {
      throw new HubException(
          String.format(
              Locale.ROOT,
              "%s: %s are free there and %s are still to come: free some space, or %s disk",
              folder,
              Sizes.gb(free),
              Sizes.gb(bytes),
              otherwise));
    }
  }

  private static HubException disk(Path folder, IOException e) {
    return new HubException(
        folder + ": cannot be written to: " + FileProblem.reason(e) + "; what came so far stays",
        e);
  }

  @Override
  public void close() {
    http.close();
  }
}
