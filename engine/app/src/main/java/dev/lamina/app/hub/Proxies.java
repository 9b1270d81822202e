package dev.lamina.app.hub;

import java.io.IOException;
import java.net.Authenticator;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The proxies that the variables {@code http_proxy}, {@code https_proxy}, {@code all_proxy} and
 * {@code no_proxy} name, in small letters or in capitals.
 */
public final class Proxies {
  /** A proxy, with the name and password that it wants, or null. */
  private record Entry(String host, int port, String user, String password) {}

  private final Entry http;
  private final Entry https;
  private final List<String> direct;

  private Proxies(Entry http, Entry https, List<String> direct) {
    this.http = http;
    this.https = https;
    this.direct = direct;
  }

  /**
   * The proxies of an environment.
   *
   * @throws HubException where a variable is no URL of a proxy
   */
  public static Proxies of(Map<String, String> env) {
    List<String> direct = new ArrayList<>();
    for (String host : value(env, "no_proxy").orElse("").split("[,\\s]+")) {
      if (!host.isEmpty()) {
        direct.add(host.toLowerCase(Locale.ROOT));
      }
    }
    return new Proxies(entry(env, "http_proxy"), entry(env, "https_proxy"), direct);
  }

  private static Optional<String> value(Map<String, String> env, String name) {
    for (String key : new String[] {name, name.toUpperCase(Locale.ROOT)}) {
      String value = env.get(key);
      if (value != null && !value.isBlank()) {
        return Optional.of(value.strip());
      }
    }
    return Optional.empty();
  }

  private static Entry entry(Map<String, String> env, String name) {
    Optional<String> value = value(env, name).or(() -> value(env, "all_proxy"));
    if (value.isEmpty()) {
      return null;
    }
    try {
      URI uri = URI.create(value.get().contains("://") ? value.get() : "http://" + value.get());
      if (uri.getHost() != null && "http".equals(uri.getScheme())) {
        String[] user =
            uri.getRawUserInfo() == null ? new String[0] : uri.getRawUserInfo().split(":", 2);
        return new Entry(
            uri.getHost(),
            uri.getPort() < 0 ? 80 : uri.getPort(),
            user.length == 0 ? null : decoded(user[0]),
            user.length < 2 ? "" : decoded(user[1]));
      }
    } catch (IllegalArgumentException e) {
      // Told below, without the password that may be in it.
    }
    throw new HubException(
        name + " is no proxy that can be used: it must be like http://host:3128");
  }

  private static String decoded(String text) {
    return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  /** The proxy for an address; empty: directly. */
  Optional<InetSocketAddress> via(URI uri) {
    Entry entry = "https".equals(uri.getScheme()) ? https : http;
    return entry == null || isDirect(uri)
        ? Optional.empty()
        : Optional.of(InetSocketAddress.createUnresolved(entry.host, entry.port));
  }

  /**
   * By name, by domain ({@code .example.org} and {@code example.org} are the same), by port, or
   * all.
   */
  private boolean isDirect(URI uri) {
    String host = uri.getHost().toLowerCase(Locale.ROOT);
    int port = uri.getPort() >= 0 ? uri.getPort() : "https".equals(uri.getScheme()) ? 443 : 80;
    for (String entry : direct) {
      String name = entry;
      int colon = entry.lastIndexOf(':');
      if (colon > 0 && entry.indexOf(':') == colon) {
        if (!entry.substring(colon + 1).equals(Integer.toString(port))) {
          continue;
        }
        name = entry.substring(0, colon);
      }
      name = name.startsWith("*.") ? name.substring(1) : name;
      String domain = name.startsWith(".") ? name : "." + name;
      if (name.equals("*") || ("." + host).endsWith(domain)) {
        return true;
      }
    }
    return false;
  }

  ProxySelector selector() {
    return new ProxySelector() {
      @Override
      public List<Proxy> select(URI uri) {
        return List.of(
            via(uri)
                .map(
                    address ->
                        new Proxy(
                            Proxy.Type.HTTP,
                            new InetSocketAddress(address.getHostString(), address.getPort())))
                .orElse(Proxy.NO_PROXY));
      }

      @Override
      public void connectFailed(URI uri, SocketAddress address, IOException e) {
        // The request fails by itself and is told there.
      }
    };
  }

  /** What answers proxies that ask for a password; empty where none was given. */
  Optional<Authenticator> authenticator() {
    boolean any = (http != null && http.user != null) || (https != null && https.user != null);
    if (!any) {
      return Optional.empty();
    }
    return Optional.of(
        new Authenticator() {
          @Override
          protected PasswordAuthentication getPasswordAuthentication() {
            if (getRequestorType() != RequestorType.PROXY) {
              return null;
            }
            for (Entry entry : new Entry[] {https, http}) {
              if (entry != null
                  && entry.user != null
                  && entry.host.equalsIgnoreCase(getRequestingHost())
                  && entry.port == getRequestingPort()) {
                return new PasswordAuthentication(entry.user, entry.password.toCharArray());
              }
            }
            return null;
          }
        });
  }
}
