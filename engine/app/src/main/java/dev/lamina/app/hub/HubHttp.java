package dev.lamina.app.hub;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Single requests. The token goes to the hub and to nobody else, so redirections are followed here
 * and not by the client. A server that is silent for too long counts as a broken connection.
 */
final class HubHttp implements AutoCloseable {
  private static final String AGENT = "lamina";

  /** Java's client keeps this scheme from tunnels, where proxies commonly ask for it. */
  private static final String TUNNEL_SCHEMES = "jdk.http.auth.tunneling.disabledSchemes";

  private final HubSettings settings;
  private final HubLimits limits;
  private final HttpClient client;
  private final Set<Body> reading = ConcurrentHashMap.newKeySet();
  private final ScheduledExecutorService watch;

  HubHttp(HubSettings settings, HubLimits limits) {
    this.settings = settings;
    this.limits = limits;
    HttpClient.Builder builder =
        HttpClient.newBuilder()
            // Several ranges at once shall be several connections.
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(limits.stall())
            .proxy(settings.selector());
    settings
        .proxies()
        .authenticator()
        .ifPresent(
            authenticator -> {
              if (System.getProperty(TUNNEL_SCHEMES) == null) {
                System.setProperty(TUNNEL_SCHEMES, "");
              }
              builder.authenticator(authenticator);
            });
    client = builder.build();
    watch =
        Executors.newSingleThreadScheduledExecutor(
            task -> Thread.ofPlatform().daemon().name("lamina-hub-watch").unstarted(task));
    long period = Math.max(10, limits.stall().toMillis() / 4);
    watch.scheduleWithFixedDelay(
        () -> reading.forEach(Body::check), period, period, TimeUnit.MILLISECONDS);
  }

  /**
   * Sends one GET and waits for the head of the answer.
   *
   * @param range value of the header {@code Range}, or null
   * @throws IOException where there is no answer, or not in time
   */
  HttpResponse<InputStream> get(URI uri, String range) throws IOException, InterruptedException {
    HttpRequest.Builder request = HttpRequest.newBuilder(uri).GET().setHeader("User-Agent", AGENT);
    if (range != null) {
      request.setHeader("Range", range);
    }
    if (settings.token() != null && isHub(uri)) {
      request.setHeader("Authorization", "Bearer " + settings.token());
    }
    CompletableFuture<HttpResponse<InputStream>> answer =
        client.sendAsync(request.build(), HttpResponse.BodyHandlers.ofInputStream());
    try {
      return answer.get(limits.stall().toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      answer.cancel(true);
      throw new HttpTimeoutException("no answer in " + limits.stall().toMillis() / 1e3 + " s");
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
    } catch (InterruptedException e) {
      answer.cancel(true);
      throw e;
    }
  }

  /** Whether an address is the hub's own: scheme, host and port. */
  boolean isHub(URI uri) {
    URI hub = settings.endpoint();
    return hub.getScheme().equalsIgnoreCase(uri.getScheme())
        && hub.getHost().equalsIgnoreCase(uri.getHost())
        && hub.getPort() == uri.getPort();
  }

  /**
   * Where a redirection leads.
   *
   * @throws IOException where it leads nowhere, or out of encryption
   */
  static URI target(URI from, HttpResponse<?> answer) throws IOException {
    String location =
        answer
            .headers()
            .firstValue("Location")
            .orElseThrow(() -> new IOException("a redirection without a target"));
    URI to;
    try {
      to = from.resolve(location);
    } catch (IllegalArgumentException e) {
      throw new IOException("a redirection to what is no address", e);
    }
    boolean open = "http".equals(to.getScheme()) && !"https".equals(from.getScheme());
    if (to.getHost() == null || !(open || "https".equals(to.getScheme()))) {
      throw new IOException("a redirection to " + to.getScheme() + ", which is not followed");
    }
    return to;
  }

  static boolean isRedirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  }

  /** The body of an answer; a read that waits too long fails. */
  InputStream body(HttpResponse<InputStream> answer) {
    return new Body(answer.body());
  }

  /** Watched while it is read. */
  private final class Body extends FilterInputStream {
    private volatile long since;
    private volatile boolean waiting;
    private volatile boolean stalled;

    Body(InputStream in) {
      super(in);
      reading.add(this);
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      since = System.nanoTime();
      waiting = true;
      try {
        return in.read(bytes, offset, length);
      } catch (IOException e) {
        if (stalled) {
          throw new HttpTimeoutException(
              "nothing came for " + limits.stall().toMillis() / 1e3 + " s");
        }
        throw e;
      } finally {
        waiting = false;
      }
    }

    void check() {
      if (waiting && System.nanoTime() - since > limits.stall().toNanos()) {
        stalled = true;
        try {
          in.close();
        } catch (IOException e) {
          // The reader is told by its own failure.
        }
      }
    }

    @Override
    public void close() throws IOException {
      reading.remove(this);
      super.close();
    }
  }

  /** Reads and forgets an answer that is of no use, so that its connection can be. */
  static void drop(HttpResponse<InputStream> answer) {
    try (InputStream body = answer.body()) {
      if (answer.headers().firstValueAsLong("Content-Length").orElse(Long.MAX_VALUE) < 1 << 16) {
        body.readNBytes(1 << 16);
      }
    } catch (IOException e) {
      // It is of no use.
    }
  }

  HubLimits limits() {
    return limits;
  }

  Duration stall() {
    return limits.stall();
  }

  @Override
  public void close() {
    watch.shutdownNow();
    client.shutdownNow();
  }
}
