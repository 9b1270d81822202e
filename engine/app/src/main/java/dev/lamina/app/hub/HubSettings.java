package dev.lamina.app.hub;

import java.io.IOException;
import java.net.ProxySelector;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Where the hub is, who asks, and where files are kept: the environment variables of Hugging Face's
 * own tools.
 *
 * @param endpoint the hub, without a slash at the end
 * @param token sent to the hub, and to no other host; null: none
 * @param cache the folder of the repositories
 * @param offline whether to ask nobody
 * @param proxies by which hosts are reached
 */
public record HubSettings(
    URI endpoint, String token, Path cache, boolean offline, Proxies proxies) {
  private static final Set<String> YES = Set.of("1", "on", "yes", "true");

  /**
   * The settings of an environment.
   *
   * @param env variables by name
   * @param home the user's home folder
   * @throws HubException where a variable has no usable value
   */
  public static HubSettings of(Map<String, String> env, Path home) {
    Path base =
        folder(env, "HF_HOME")
            .orElse(
                folder(env, "XDG_CACHE_HOME")
                    .orElse(home.resolve(".cache"))
                    .resolve("huggingface"));
    Path cache =
        folder(env, "HF_HUB_CACHE")
            .or(() -> folder(env, "HUGGINGFACE_HUB_CACHE"))
            .orElse(base.resolve("hub"));
    return new HubSettings(
        endpoint(env.getOrDefault("HF_ENDPOINT", "")),
        token(env, base),
        cache,
        isYes(env.get("HF_HUB_OFFLINE")) || isYes(env.get("TRANSFORMERS_OFFLINE")),
        Proxies.of(env));
  }

  private static Optional<Path> folder(Map<String, String> env, String name) {
    String value = env.get(name);
    return value == null || value.isBlank() ? Optional.empty() : Optional.of(Path.of(value));
  }

  private static URI endpoint(String value) {
    String text = value.isBlank() ? "https://huggingface.co" : value.strip();
    while (text.endsWith("/")) {
      text = text.substring(0, text.length() - 1);
    }
    try {
      URI uri = URI.create(text);
      if (uri.getHost() != null && Set.of("http", "https").contains(uri.getScheme())) {
        return uri;
      }
    } catch (IllegalArgumentException e) {
      // Told below.
    }
    throw new HubException(
        "HF_ENDPOINT is '" + value + "': it must be like https://huggingface.co");
  }

  private static String token(Map<String, String> env, Path base) {
    for (String name : new String[] {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}) {
      String clean = clean(env.get(name));
      if (clean != null) {
        return clean;
      }
    }
    Path file = folder(env, "HF_TOKEN_PATH").orElse(base.resolve("token"));
    try {
      return Files.isRegularFile(file) ? clean(Files.readString(file)) : null;
    } catch (IOException e) {
      throw new HubException(
          file + ": the token cannot be read (" + e.getMessage() + "): set HF_TOKEN instead", e);
    }
  }

  /** Without line ends, which a header cannot have; null where nothing is left. */
  private static String clean(String token) {
    String clean = token == null ? "" : token.strip();
    if (!clean.chars().allMatch(c -> c > ' ' && c < 127)) {
      throw new HubException(
          "the token for the hub has characters that no token has: set HF_TOKEN");
    }
    return clean.isEmpty() ? null : clean;
  }

  private static boolean isYes(String value) {
    return value != null && YES.contains(value.strip().toLowerCase(Locale.ROOT));
  }

  public HubSettings withToken(String value) {
    return value == null ? this : new HubSettings(endpoint, clean(value), cache, offline, proxies);
  }

  public HubSettings withOffline(boolean value) {
    return new HubSettings(endpoint, token, cache, offline || value, proxies);
  }

  ProxySelector selector() {
    return proxies.selector();
  }
}
