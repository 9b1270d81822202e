package dev.lamina.app.hub;

import dev.lamina.chat.json.Json;
import dev.lamina.chat.json.JsonException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What the hub tells of repositories. */
final class HubApi {
  /** A listing of this size is no listing. */
  private static final int MOST_BYTES = 64 << 20;

  private static final int MOST_PAGES = 1000;
  private static final int REDIRECTS = 5;
  private static final Pattern NEXT = Pattern.compile("<([^>]+)>\\s*;\\s*rel=\"?next\"?");

  private final HubSettings settings;
  private final HubHttp http;
  private final PullProgress progress;

  HubApi(HubSettings settings, HubHttp http, PullProgress progress) {
    this.settings = settings;
    this.http = http;
    this.progress = progress;
  }

  /**
   * The files of a repository's newest commit.
   *
   * @param revision a branch, tag or commit
   * @throws HubException where there is no such repository, or it cannot be reached
   */
  RepoListing list(String repo, String revision) throws InterruptedException {
    URI info = uri("/api/models/" + repo + "/revision/" + encoded(revision));
    Object sha = object(repo, get(repo, info).text).get("sha");
    if (!(sha instanceof String commit) || !commit.matches("[0-9a-f]{40}")) {
      throw new HubException(repo + ": " + info.getHost() + " does not tell its commit");
    }
    List<RepoFile> files = new ArrayList<>();
    URI page = uri("/api/models/" + repo + "/tree/" + commit + "?recursive=true&expand=false");
    for (int pages = 0; page != null && pages < MOST_PAGES; pages++) {
      Page answer = get(repo, page);
      add(repo, read(repo, answer.text), files);
      page = answer.next;
    }
    return new RepoListing(repo, commit, files);
  }

  /** Where a file is fetched from. */
  URI address(RepoListing listing, RepoFile file) {
    String path =
        Stream.of(file.path().split("/")).map(HubApi::encoded).collect(Collectors.joining("/"));
    return uri("/" + listing.repo() + "/resolve/" + listing.commit() + "/" + path);
  }

  private URI uri(String path) {
    return URI.create(settings.endpoint() + path);
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  /** An answer, and where the next part of a long one is; null: nowhere. */
  private record Page(String text, URI next) {}

  private Page get(String repo, URI uri) throws InterruptedException {
    Retry retry = new Retry(http.limits(), progress, () -> false);
    while (true) {
      String why;
      IOException cause = null;
      HttpResponse<InputStream> answer = null;
      try {
        URI at = uri;
        answer = http.get(at, null);
        for (int i = 0; i < REDIRECTS && HubHttp.isRedirect(answer.statusCode()); i++) {
          // A repository that was renamed.
          HubHttp.drop(answer);
          at = HubHttp.target(at, answer);
          answer = http.get(at, null);
        }
        if (answer.statusCode() == 200) {
          try (InputStream body = http.body(answer)) {
            byte[] bytes = body.readNBytes(MOST_BYTES);
            return new Page(new String(bytes, StandardCharsets.UTF_8), next(at, answer));
          }
        }
        HubHttp.drop(answer);
        if (!Retry.isTransient(answer.statusCode())) {
          throw HubErrors.of(
              repo, repo, at, answer.statusCode(), answer.headers(), settings.token() != null);
        }
        why = "status " + answer.statusCode();
      } catch (IOException e) {
        why = HubErrors.words(e);
        cause = e;
        answer = null;
      }
      if (!retry.again(why, answer == null ? null : answer.headers())) {
        throw HubErrors.gaveUp(repo, uri, why, cause);
      }
    }
  }

  private static URI next(URI at, HttpResponse<?> answer) throws IOException {
    Optional<Matcher> link =
        answer.headers().allValues("Link").stream()
            .map(NEXT::matcher)
            .filter(Matcher::find)
            .findFirst();
    try {
      return link.isEmpty() ? null : at.resolve(link.get().group(1));
    } catch (IllegalArgumentException e) {
      throw new IOException("the next page has no address", e);
    }
  }

  private static Object read(String repo, String text) {
    try {
      return Json.read(text);
    } catch (JsonException e) {
      throw new HubException(
          repo + ": the hub's answer is no JSON: look at HF_ENDPOINT and at the proxy", e);
    }
  }

  private static Map<?, ?> object(String repo, String text) {
    if (read(repo, text) instanceof Map<?, ?> map) {
      return map;
    }
    throw strange(repo);
  }

  private static HubException strange(String repo) {
    return new HubException(repo + ": the hub's answer is not what it should be: try again later");
  }

  private static void add(String repo, Object page, List<RepoFile> files) {
    if (!(page instanceof List<?> entries)) {
      throw strange(repo);
    }
    for (Object entry : entries) {
      if (!(entry instanceof Map<?, ?> file)) {
        throw strange(repo);
      }
      if (!"file".equals(file.get("type"))) {
        continue;
      }
      Map<?, ?> large = file.get("lfs") instanceof Map<?, ?> lfs ? lfs : file;
      if (!(file.get("path") instanceof String path)
          || !(large.get("size") instanceof Long size)
          || !(large.get("oid") instanceof String oid)) {
        throw strange(repo);
      }
      String id = oid.replaceFirst("^sha256:", "");
      // These become names of files.
      boolean sound =
          id.matches("[0-9a-f]{40}|[0-9a-f]{64}")
              && !path.matches("(?s)/.*|.*[\\\\:\\p{Cntrl}].*")
              && Stream.of(path.split("/", -1)).noneMatch(p -> p.matches("|\\.\\.?"));
      if (!sound || size < 0) {
        throw strange(repo);
      }
      files.add(new RepoFile(path, size, id));
    }
  }
}
