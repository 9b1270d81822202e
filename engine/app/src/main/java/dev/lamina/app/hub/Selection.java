package dev.lamina.app.hub;

import dev.lamina.choose.FileList;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Which files of a repository are wanted. Without a word about it: what llama.cpp takes, the first
 * Q4_K_M, else the first Q8_0, else the first model. Of a split model all parts.
 */
public final class Selection {
  /** What llama.cpp looks for where no quant is given. */
  private static final List<String> DEFAULTS = List.of("Q4_K_M", "Q8_0");

  private static final Pattern PART = Pattern.compile("(.+)-(\\d{5})-of-(\\d{5})\\.gguf");
  private static final int SHOWN = 40;

  private Selection() {}

  /**
   * The files of one model, in the order of their parts.
   *
   * @param name the repository and the quant, if any
   * @param paths all files of the repository
   * @throws HubException where there is none; the message lists those there are
   */
  public static List<String> model(RepoName name, List<String> paths) {
    List<String> models = paths.stream().filter(Selection::isModel).toList();
    List<String> quants = name.quant() == null ? DEFAULTS : List.of(name.quant());
    Optional<String> chosen =
        quants.stream().flatMap(quant -> find(models, quant).stream()).findFirst();
    if (chosen.isEmpty() && name.quant() == null) {
      chosen = models.stream().filter(Selection::isFirst).findFirst();
    }
    if (chosen.isEmpty()) {
      throw new HubException(
          models.isEmpty()
              ? name.repo() + ": has no GGUF files of a model: look for a repository that has"
              : name.repo()
                  + ": has no "
                  + name.quant()
                  + " file; there are "
                  + models.stream()
                      .filter(Selection::isFirst)
                      .limit(SHOWN)
                      .collect(Collectors.joining(", ")));
    }
    return parts(name, chosen.get(), models);
  }

  private static Optional<String> find(List<String> models, String quant) {
    // Not as a part of another word: Q4_NL is no IQ4_NL.
    Pattern pattern =
        Pattern.compile("(?:^|[-./_])" + Pattern.quote(quant) + "[.-]", Pattern.CASE_INSENSITIVE);
    return models.stream()
        .filter(Selection::isFirst)
        .filter(path -> pattern.matcher(path).find())
        .findFirst();
  }

  /** All files whose path or name matches a pattern; of a split model any part brings all. */
  public static List<String> matching(String repo, String glob, List<String> paths) {
    PathMatcher matcher = glob(glob);
    List<String> found =
        paths.stream()
            .filter(
                path ->
                    matcher.matches(Path.of(path)) || matcher.matches(Path.of(path).getFileName()))
            .flatMap(
                path ->
                    PART.matcher(path).matches()
                        ? parts(new RepoName(repo, null), path, paths).stream()
                        : Stream.of(path))
            .distinct()
            .toList();
    if (found.isEmpty()) {
      throw new HubException(repo + ": no file matches " + glob);
    }
    return found;
  }

  /**
   * A pattern of the files to take, as shells write it.
   *
   * @throws HubException where it is none
   */
  public static PathMatcher glob(String pattern) {
    try {
      return FileSystems.getDefault().getPathMatcher("glob:" + pattern);
    } catch (PatternSyntaxException e) {
      throw new HubException("--include: '" + pattern + "' is no pattern: " + e.getDescription());
    }
  }

  /** One file by its path, with all parts of a split one. */
  public static List<String> file(String repo, String file, List<String> paths) {
    return paths.stream()
        .filter(path -> path.equalsIgnoreCase(file))
        .findFirst()
        .map(path -> parts(new RepoName(repo, null), path, paths))
        .orElseThrow(() -> new HubException(repo + ": has no file " + file));
  }

  private static boolean isModel(String path) {
    return path.endsWith(".gguf") && FileList.noModel(path).isEmpty();
  }

  private static boolean isFirst(String path) {
    Matcher part = PART.matcher(path);
    return !part.matches() || Integer.parseInt(part.group(2)) == 1;
  }

  private static List<String> parts(RepoName name, String path, List<String> paths) {
    Matcher part = PART.matcher(path);
    if (!part.matches()) {
      return List.of(path);
    }
    int count = Integer.parseInt(part.group(3));
    List<String> parts =
        paths.stream()
            .filter(
                other -> {
                  Matcher m = PART.matcher(other);
                  return m.matches()
                      && m.group(1).equals(part.group(1))
                      && m.group(3).equals(part.group(3));
                })
            .sorted(Comparator.comparing(Function.identity()))
            .toList();
    if (parts.size() != count) {
      throw new HubException(
          String.format(
              Locale.ROOT,
              "%s: only %d of the %d parts of %s are there",
              name.repo(),
              parts.size(),
              count,
              path));
    }
    return parts;
  }
}
