package dev.lamina.app.hub;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.http.HttpHeaders;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Fetches the bytes that a {@link PartialFile} lacks: several ranges at once, each going on where
 * it broke off; from a server that knows no ranges the whole file in one go.
 */
final class Download {
  private static final int BUFFER = 1 << 18;

  /** How long bytes wait for others until they are written. */
  private static final long KEEP_NANOS = 100_000_000L;

  private static final Pattern RANGE = Pattern.compile("bytes (\\d+)-(\\d+)/(\\d+|\\*)");

  private final HubHttp http;
  private final Link link;
  private final String repo;
  private final RepoFile file;
  private final PartialFile partial;
  private final boolean token;
  private final PullProgress progress;
  private final Set<InputStream> open = ConcurrentHashMap.newKeySet();
  private volatile boolean stopped;

  /** Thrown by what asked for a range and gets the whole file. */
  private static final class NoRanges extends Exception {
    private static final long serialVersionUID = 1L;
  }

  Download(
      HubHttp http,
      Link link,
      String repo,
      RepoFile file,
      PartialFile partial,
      boolean token,
      PullProgress progress) {
    this.http = http;
    this.link = link;
    this.repo = repo;
    this.file = file;
    this.partial = partial;
    this.token = token;
    this.progress = progress;
  }

  /**
   * Fetches.
   *
   * @throws HubException where it is given up; what came stays
   * @throws IOException where the disk takes no more
   */
  void run() throws IOException, InterruptedException {
    Queue<Integer> queue = new ConcurrentLinkedQueue<>();
    for (int chunk = 0; chunk < partial.chunks(); chunk++) {
      if (partial.done(chunk) < partial.length(chunk)) {
        queue.add(chunk);
      }
    }
    if (queue.isEmpty()) {
      return;
    }
    try {
      ranges(queue);
    } catch (NoRanges e) {
      progress.note("the server sends only whole files, so this one comes in one piece");
      progress.received(-partial.done());
      partial.restart();
      whole();
    }
  }

  private void ranges(Queue<Integer> queue) throws IOException, InterruptedException, NoRanges {
    int count = Math.min(http.limits().connections(), queue.size());
    ExecutorService pool =
        Executors.newFixedThreadPool(
            count, task -> Thread.ofPlatform().daemon().name("lamina-pull").unstarted(task));
    try {
      List<Future<?>> workers = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        workers.add(
            pool.submit(
                () -> {
                  try {
                    for (Integer chunk; !stopped && (chunk = queue.poll()) != null; ) {
                      chunk(chunk);
                    }
                  } catch (Exception | Error e) {
                    stop();
                    throw e;
                  }
                  return null;
                }));
      }
      Throwable first = null;
      for (Future<?> worker : workers) {
        try {
          worker.get();
        } catch (ExecutionException e) {
          Throwable failure = e.getCause();
          // What the others say after one has stopped them is no reason.
          if (first == null || failure instanceof NoRanges || failure instanceof HubException) {
            first = first instanceof NoRanges ? first : failure;
          }
        }
      }
      stopped = false;
      switch (first) {
        case null -> {}
        case NoRanges e -> throw e;
        case IOException e -> throw e;
        case InterruptedException e -> throw e;
        case RuntimeException e -> throw e;
        case Error e -> throw e;
        default -> throw new IllegalStateException(first);
      }
    } finally {
      stop();
      pool.shutdownNow();
      stopped = false;
    }
  }

  private void stop() {
    stopped = true;
    for (InputStream stream : open) {
      try {
        stream.close();
      } catch (IOException e) {
        // Its reader is told by its own failure.
      }
    }
  }

  /** Fetches what one chunk lacks. */
  private void chunk(int chunk) throws IOException, InterruptedException, NoRanges {
    Retry retry = new Retry(http.limits(), progress, () -> stopped);
    long end = partial.start(chunk) + partial.length(chunk);
    while (!stopped && partial.done(chunk) < partial.length(chunk)) {
      long from = partial.start(chunk) + partial.done(chunk);
      attempt(
          retry,
          "bytes=" + from + "-" + (end - 1),
          (answer, body) -> {
            if (answer.status() == 200 && !(from == 0 && end == file.size())) {
              throw new NoRanges();
            }
            if (answer.status() == 206) {
              checkRange(answer, from);
            }
            copy(body, chunk, retry);
          });
    }
  }

  /** Fetches the whole file in order; what breaks off begins anew. */
  private void whole() throws IOException, InterruptedException {
    Retry retry = new Retry(http.limits(), progress, () -> false);
    while (partial.done() < file.size()) {
      progress.received(-partial.done());
      partial.restart();
      try {
        attempt(
            retry,
            null,
            (answer, body) -> {
              for (int chunk = 0; chunk < partial.chunks(); chunk++) {
                if (!copy(body, chunk, null)) {
                  throw cut();
                }
              }
            });
      } catch (NoRanges e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** What to do with an answer that has bytes. */
  private interface Receiver {
    void accept(Link.Answer answer, InputStream body) throws IOException, NoRanges;
  }

  /** One request. Returns after success and after a failure that another request may mend. */
  private void attempt(Retry retry, String range, Receiver receiver)
      throws IOException, InterruptedException, NoRanges {
    String why;
    IOException cause = null;
    HttpHeaders headers = null;
    try {
      Link.Answer answer = link.get(range);
      int status = answer.status();
      if (status == 200 || status == 206) {
        InputStream body = http.body(answer.response());
        open.add(body);
        try (body) {
          receiver.accept(answer, body);
          return;
        } finally {
          open.remove(body);
        }
      }
      HubHttp.drop(answer.response());
      headers = answer.response().headers();
      if (!http.isHub(answer.from())
          && (status == 401 || status == 403 || status == 404 || status == 410)) {
        link.expire(answer.from());
        why = "the address of the file has expired";
      } else if (Retry.isTransient(status)) {
        why = "status " + status;
      } else if (status == 416) {
        throw changed();
      } else {
        throw HubErrors.of(repo, repo + ": " + file.path(), answer.from(), status, headers, token);
      }
    } catch (UncheckedIOException e) {
      // The disk, not the network.
      throw e.getCause();
    } catch (IOException e) {
      why = HubErrors.words(e);
      cause = e;
    }
    if (!retry.again(why, headers) && !stopped) {
      throw HubErrors.gaveUp(repo + ": " + file.path(), link.address(), why, cause);
    }
  }

  private void checkRange(Link.Answer answer, long from) throws IOException {
    String value = answer.response().headers().firstValue("Content-Range").orElse("");
    Matcher range = RANGE.matcher(value);
    if (!range.matches() || Long.parseLong(range.group(1)) != from) {
      throw new IOException("another range than the one asked for");
    }
    if (!range.group(3).equals("*") && Long.parseLong(range.group(3)) != file.size()) {
      throw changed();
    }
  }

  private HubException changed() {
    return new HubException(
        repo + ": " + file.path() + " has another size than the hub's list says: try again later");
  }

  private static IOException cut() {
    return new IOException("the connection was cut");
  }

  /**
   * Copies bytes to a chunk until it is whole. The network gives a few kilobytes at a time; they
   * are gathered, but not for long, and what was gathered when the connection breaks counts.
   *
   * @param retry told of bytes that came; null: nobody
   * @return false where the bytes ended before; with a {@code retry} that is an exception
   */
  private boolean copy(InputStream body, int chunk, Retry retry) throws IOException {
    byte[] buffer = new byte[BUFFER];
    long missing = partial.length(chunk) - partial.done(chunk);
    int filled = 0;
    long keptAt = System.nanoTime();
    try {
      while (!stopped && missing > 0) {
        int n = body.read(buffer, filled, (int) Math.min(buffer.length - filled, missing));
        if (n < 0) {
          if (retry != null) {
            throw cut();
          }
          return false;
        }
        filled += n;
        missing -= n;
        if (retry != null) {
          retry.succeeded();
        }
        if (filled == buffer.length || System.nanoTime() - keptAt > KEEP_NANOS) {
          keep(chunk, buffer, filled);
          filled = 0;
          keptAt = System.nanoTime();
        }
      }
    } finally {
      keep(chunk, buffer, filled);
    }
    return missing == 0;
  }

  private void keep(int chunk, byte[] bytes, int count) {
    if (count > 0) {
      try {
        partial.write(chunk, bytes, count);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      progress.received(count);
    }
  }
}
