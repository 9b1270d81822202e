package dev.lamina.app.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HubSettingsTest {
  private static final Path HOME = Path.of("/home/u");

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({
    "'', /home/u/.cache/huggingface/hub",
    "XDG_CACHE_HOME=/x, /x/huggingface/hub",
    "XDG_CACHE_HOME=/x HF_HOME=/h, /h/hub",
    "HF_HOME=/h HUGGINGFACE_HUB_CACHE=/o, /o",
    "HF_HOME=/h HUGGINGFACE_HUB_CACHE=/o HF_HUB_CACHE=/c, /c"
  })
  void theCacheIsWhereTheHubsToolsHaveIt(String env, String cache) {
    assertEquals(Path.of(cache), HubSettings.of(environment(env), HOME).cache());
  }

  private static Map<String, String> environment(String text) {
    Map<String, String> env = new java.util.HashMap<>();
    for (String word : text.split(" ")) {
      if (!word.isEmpty()) {
        env.put(word.substring(0, word.indexOf('=')), word.substring(word.indexOf('=') + 1));
      }
    }
    return env;
  }

  @Test
  void theEndpointLosesItsSlash() {
    assertEquals(URI.create("https://huggingface.co"), HubSettings.of(Map.of(), HOME).endpoint());
    assertEquals(
        URI.create("http://mirror:8080/hf"),
        HubSettings.of(Map.of("HF_ENDPOINT", "http://mirror:8080/hf/"), HOME).endpoint());
    assertThrows(HubException.class, () -> HubSettings.of(Map.of("HF_ENDPOINT", "mirror"), HOME));
  }

  @Test
  void tokensWithStrangeCharactersAreRefused() {
    assertEquals("hf_a", HubSettings.of(Map.of("HF_TOKEN", " hf_a\r\n"), HOME).token());
    assertNull(HubSettings.of(Map.of("HF_TOKEN", ""), HOME).token());
    HubException e =
        assertThrows(
            HubException.class,
            () -> HubSettings.of(Map.of("HF_TOKEN", "hf_a\r\nX-Evil: 1"), HOME));
    assertFalse(e.getMessage().contains("Evil"), e.getMessage());
  }

  @ParameterizedTest
  @CsvSource({
    "http://example.org/x, proxy:3128",
    "https://example.org/x, secure:80",
    "https://inner.example.net/x, -",
    "https://example.net/x, -",
    "https://notexample.net/x, secure:80",
    "http://plain/x, -",
    "http://port:81/x, -",
    "http://port:82/x, proxy:3128",
    "https://any.wild.org/x, -"
  })
  void proxiesAreThoseOfTheEnvironment(String address, String proxy) {
    Proxies proxies =
        Proxies.of(
            Map.of(
                "http_proxy", "http://proxy:3128",
                "HTTPS_PROXY", "secure",
                "NO_PROXY", ".example.net, plain,port:81,*.wild.org"));
    assertEquals(
        proxy,
        proxies
            .via(URI.create(address))
            .map(a -> a.getHostString() + ":" + a.getPort())
            .orElse("-"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"socks5://user:secret@h:1", "http://user:secret@", "::"})
  void otherProxiesAreNamedWithoutTheirPassword(String value) {
    HubException e =
        assertThrows(HubException.class, () -> Proxies.of(Map.of("https_proxy", value)));
    assertFalse(e.getMessage().contains("secret"), e.getMessage());
    assertTrue(Proxies.of(Map.of("https_proxy", "")).via(URI.create("https://h/")).isEmpty());
  }

  /** A proxy that wants a password, between us and the hub and its store. */
  @Test
  void aPullGoesThroughAProxyWithAPassword() throws Exception {
    List<String> through = Collections.synchronizedList(new ArrayList<>());
    HttpServer proxy = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    String expected = "Basic " + Base64.getEncoder().encodeToString("user:pa:ss".getBytes());
    HttpClient direct = HttpClient.newBuilder().proxy(HttpClient.Builder.NO_PROXY).build();
    proxy.createContext(
        "/",
        exchange -> {
          try (exchange) {
            if (!expected.equals(exchange.getRequestHeaders().getFirst("Proxy-Authorization"))) {
              exchange.getResponseHeaders().set("Proxy-Authenticate", "Basic realm=\"p\"");
              exchange.sendResponseHeaders(407, -1);
              return;
            }
            through.add(exchange.getRequestURI().toString());
            HttpRequest.Builder request = HttpRequest.newBuilder(exchange.getRequestURI());
            String range = exchange.getRequestHeaders().getFirst("Range");
            if (range != null) {
              request.header("Range", range);
            }
            HttpResponse<InputStream> answer =
                direct.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
            byte[] body = answer.body().readAllBytes();
            for (String name : new String[] {"Location", "Content-Range", "Link"}) {
              answer
                  .headers()
                  .firstValue(name)
                  .ifPresent(value -> exchange.getResponseHeaders().set(name, value));
            }
            exchange.sendResponseHeaders(answer.statusCode(), body.length == 0 ? -1 : body.length);
            exchange.getResponseBody().write(body);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    proxy.start();
    try (HubServer hub = new HubServer().add("a-Q8_0.gguf", new byte[1000])) {
      HubSettings settings =
          HubSettings.of(
              Map.of(
                  "HF_ENDPOINT", hub.endpoint(),
                  "HF_HOME", folder.toString(),
                  "http_proxy", "http://user:pa%3Ass@127.0.0.1:" + proxy.getAddress().getPort()),
              folder);
      HubLimits limits =
          new HubLimits(1, 1 << 20, Duration.ofSeconds(20), 1, Duration.ZERO, Waiting.SLEEP);
      try (Puller puller =
          new Puller(
              settings,
              limits,
              new HubCache(settings.cache()),
              path -> Long.MAX_VALUE / 2,
              PullProgress.NONE)) {
        puller.toCache(HubServer.REPO, paths -> paths);
      }
      // Two questions, the address, the content.
      assertEquals(4, through.size(), through.toString());
    } finally {
      proxy.stop(0);
      direct.close();
    }
  }
}
