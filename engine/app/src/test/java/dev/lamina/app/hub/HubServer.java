package dev.lamina.app.hub;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A hub of one repository, with a store on another port that holds its large files: listings in
 * pages, redirections to signed addresses, ranges; and what can go wrong on the way, in the order
 * that a test asks for.
 */
public final class HubServer implements AutoCloseable {
  public static final String REPO = "maker/Tiny-GGUF";
  public static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
  private static final int PAGE = 3;
  private static final Pattern RANGE = Pattern.compile("bytes=(\\d+)-(\\d+)");

  /** What goes wrong with one answer of the store. */
  public sealed interface Fault {
    /** This status, with this header {@code Retry-After} or none. */
    record Status(int code, String retryAfter) implements Fault {}

    /** The connection is cut after so many bytes. */
    record Cut(int bytes) implements Fault {}

    /** Silence, before the head of the answer or after so many bytes. */
    record Hang(int bytes) implements Fault {}

    /** The address is not good any more. */
    record Expired() implements Fault {}

    /** Nothing. */
    record None() implements Fault {}
  }

  /** A file. */
  private record Content(byte[] bytes, boolean large, String id) {}

  private final HttpServer hub;
  private final HttpServer store;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Map<String, Content> files = new LinkedHashMap<>();
  private final CountDownLatch closing = new CountDownLatch(1);
  private final AtomicInteger signature = new AtomicInteger();

  /** What goes wrong next at the store, one for each answer. */
  public final Queue<Fault> faults = new ConcurrentLinkedQueue<>();

  /** Statuses that the hub itself gives next, before it works. */
  public final Queue<Fault.Status> hubFaults = new ConcurrentLinkedQueue<>();

  /** Headers {@code Range} that the store was asked with; "" without. */
  public final List<String> ranges = Collections.synchronizedList(new ArrayList<>());

  /** Addresses that the hub was asked for. */
  public final List<String> asked = Collections.synchronizedList(new ArrayList<>());

  /** Tokens that the store was sent: none, where all is well. */
  public final List<String> leaked = Collections.synchronizedList(new ArrayList<>());

  /** Bytes of content that the store has sent. */
  public final AtomicLong sent = new AtomicLong();

  /** The token without which the repository is not shown; null: it is open. */
  public volatile String token;

  /** Whether tokens without access are told that they must ask for it. */
  public volatile boolean gated;

  /** Whether the store does without ranges. */
  public volatile boolean ignoresRanges;

  /** Answers of the store behind the first one wait until so many are asked for; null: none. */
  public volatile CountDownLatch together;

  /** Whether an answer waited for others in vain. */
  public volatile boolean alone;

  public HubServer() throws IOException {
    hub = HttpServer.create(new InetSocketAddress("localhost", 0), 0);
    store = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    hub.createContext("/", exchange -> serve(exchange, this::hub));
    store.createContext("/", exchange -> serve(exchange, this::store));
    hub.setExecutor(threads);
    store.setExecutor(threads);
    hub.start();
    store.start();
  }

  /** The hub's address. */
  public String endpoint() {
    return "http://localhost:" + hub.getAddress().getPort();
  }

  /** A large file; its content is addressed by its SHA-256. */
  public HubServer add(String path, byte[] bytes) {
    files.put(path, new Content(bytes, true, digest("SHA-256", bytes)));
    return this;
  }

  /** A small file; its content is addressed as Git does. */
  public HubServer addSmall(String path, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    byte[] head = ("blob " + bytes.length + "\0").getBytes(StandardCharsets.UTF_8);
    byte[] all = Arrays.copyOf(head, head.length + bytes.length);
    System.arraycopy(bytes, 0, all, head.length, bytes.length);
    files.put(path, new Content(bytes, false, digest("SHA-1", all)));
    return this;
  }

  /** Sends other bytes than the listing promises. */
  public void falsify(String path) {
    Content true_ = files.get(path);
    byte[] other = true_.bytes.clone();
    other[other.length / 2] ^= 1;
    files.put(path, new Content(other, true_.large, true_.id));
  }

  public String id(String path) {
    return files.get(path).id;
  }

  static String digest(String algorithm, byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private interface Handler {
    void handle(HttpExchange exchange) throws IOException;
  }

  private static void serve(HttpExchange exchange, Handler handler) {
    try (exchange) {
      handler.handle(exchange);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void answer(HttpExchange exchange, int status, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  private void hub(HttpExchange exchange) throws IOException {
    URI uri = exchange.getRequestURI();
    asked.add(uri.toString());
    Headers headers = exchange.getResponseHeaders();
    Fault.Status fault = hubFaults.poll();
    if (fault != null) {
      if (fault.retryAfter != null) {
        headers.set("Retry-After", fault.retryAfter);
      }
      answer(exchange, fault.code, "busy");
      return;
    }
    String auth = exchange.getRequestHeaders().getFirst("Authorization");
    if (!uri.getPath().contains(REPO)) {
      headers.set("X-Error-Code", "RepoNotFound");
      answer(exchange, auth == null ? 401 : 404, "{\"error\":\"Repository not found\"}");
    } else if (token != null && !("Bearer " + token).equals(auth)) {
      headers.set("X-Error-Code", gated ? "GatedRepo" : "RepoNotFound");
      answer(exchange, auth == null ? 401 : gated ? 403 : 404, "{\"error\":\"no\"}");
    } else if (uri.getPath().equals("/api/models/" + REPO + "/revision/main")) {
      answer(exchange, 200, "{\"id\":\"" + REPO + "\",\"sha\":\"" + COMMIT + "\"}");
    } else if (uri.getPath().equals("/api/models/" + REPO + "/tree/" + COMMIT)) {
      tree(exchange);
    } else if (uri.getPath().startsWith("/" + REPO + "/resolve/" + COMMIT + "/")) {
      resolve(exchange, uri.getPath().substring(("/" + REPO + "/resolve/" + COMMIT).length() + 1));
    } else if (uri.getPath().startsWith("/near/")) {
      send(
          exchange,
          files.get(uri.getPath().substring(("/near/" + REPO).length() + 1)),
          new Fault.None());
    } else {
      headers.set("X-Error-Code", "EntryNotFound");
      answer(exchange, 404, "{}");
    }
  }

  private void tree(HttpExchange exchange) throws IOException {
    Matcher cursor = Pattern.compile("cursor=(\\d+)").matcher(exchange.getRequestURI().getQuery());
    int from = cursor.find() ? Integer.parseInt(cursor.group(1)) : 0;
    List<Map.Entry<String, Content>> all = List.copyOf(files.entrySet());
    int to = Math.min(all.size(), from + PAGE);
    StringBuilder json =
        new StringBuilder("[{\"type\":\"directory\",\"path\":\"d\",\"size\":0,\"oid\":\"0\"}");
    for (Map.Entry<String, Content> file : all.subList(from, to)) {
      Content c = file.getValue();
      json.append(",{\"type\":\"file\",\"path\":\"").append(file.getKey()).append("\",\"size\":");
      json.append(c.bytes.length).append(",\"oid\":\"");
      json.append(c.large ? "f".repeat(40) : c.id).append('"');
      if (c.large) {
        json.append(",\"lfs\":{\"oid\":\"").append(c.id).append("\",\"size\":");
        json.append(c.bytes.length).append(",\"pointerSize\":134}");
      }
      json.append('}');
    }
    if (to < all.size()) {
      exchange
          .getResponseHeaders()
          .set(
              "Link",
              "<"
                  + endpoint()
                  + exchange.getRequestURI().getPath()
                  + "?recursive=true&cursor="
                  + to
                  + ">; rel=\"next\"");
    }
    answer(exchange, 200, json.append(']').toString());
  }

  private void resolve(HttpExchange exchange, String path) throws IOException {
    Content content = files.get(path);
    Headers headers = exchange.getResponseHeaders();
    if (content == null) {
      headers.set("X-Error-Code", "EntryNotFound");
      answer(exchange, 404, "{}");
    } else if (content.large) {
      headers.set("X-Linked-Etag", '"' + content.id + '"');
      headers.set(
          "Location",
          "http://127.0.0.1:%d/%s?Signature=%d"
              .formatted(store.getAddress().getPort(), content.id, signature.get()));
      answer(exchange, 302, "Found");
    } else {
      // On the same host, and so with the token.
      headers.set("Location", "/near/" + REPO + "/" + path);
      answer(exchange, 307, "");
    }
  }

  private void store(HttpExchange exchange) throws IOException {
    String auth = exchange.getRequestHeaders().getFirst("Authorization");
    if (auth != null) {
      leaked.add(auth);
    }
    String range = exchange.getRequestHeaders().getFirst("Range");
    ranges.add(range == null ? "" : range);
    URI uri = exchange.getRequestURI();
    CountDownLatch waiting = together;
    if (waiting != null && ranges.size() > 1) {
      waiting.countDown();
      alone |= !await(waiting);
    }
    Fault fault = faults.poll();
    boolean expired = !uri.getQuery().equals("Signature=" + signature.get());
    if (expired || fault instanceof Fault.Expired) {
      if (!expired) {
        signature.incrementAndGet();
      }
      answer(exchange, 403, "<Error>AccessDenied</Error>");
      return;
    }
    Content content =
        files.values().stream()
            .filter(c -> uri.getPath().equals("/" + c.id))
            .findFirst()
            .orElseThrow();
    send(exchange, content, fault == null ? new Fault.None() : fault);
  }

  private void send(HttpExchange exchange, Content content, Fault fault) throws IOException {
    if (fault instanceof Fault.Status(int code, String retryAfter)) {
      if (retryAfter != null) {
        exchange.getResponseHeaders().set("Retry-After", retryAfter);
      }
      answer(exchange, code, "busy");
      return;
    }
    if (fault instanceof Fault.Hang(int bytes) && bytes < 0) {
      await(closing);
      return;
    }
    byte[] bytes = content.bytes;
    String asked = exchange.getRequestHeaders().getFirst("Range");
    Matcher range = RANGE.matcher(asked == null ? "" : asked);
    boolean part = range.matches() && !ignoresRanges;
    if (part) {
      int from = Integer.parseInt(range.group(1));
      int to = Math.min(bytes.length - 1, Integer.parseInt(range.group(2)));
      exchange
          .getResponseHeaders()
          .set("Content-Range", "bytes " + from + "-" + to + "/" + bytes.length);
      bytes = Arrays.copyOfRange(bytes, from, to + 1);
    }
    exchange.sendResponseHeaders(part ? 206 : 200, bytes.length == 0 ? -1 : bytes.length);
    OutputStream out = exchange.getResponseBody();
    int count =
        switch (fault) {
          case Fault.Cut(int n) -> Math.min(n, bytes.length);
          case Fault.Hang(int n) -> Math.min(n, bytes.length);
          default -> bytes.length;
        };
    out.write(bytes, 0, count);
    out.flush();
    sent.addAndGet(count);
    if (fault instanceof Fault.Hang) {
      await(closing);
    }
  }

  private static boolean await(CountDownLatch latch) {
    try {
      return latch.await(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  @Override
  public void close() {
    closing.countDown();
    hub.stop(0);
    store.stop(0);
    threads.shutdownNow();
  }
}
