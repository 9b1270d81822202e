package dev.lamina.app.hub;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a user writes for a model of the hub: {@code OWNER/REPO}, and behind a colon the quant.
 *
 * @param repo owner and name
 * @param quant a part of the file's name; null: not given
 */
public record RepoName(String repo, String quant) {
  private static final String WORD = "[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?";
  private static final Pattern NAME =
      Pattern.compile("(" + WORD + "/" + WORD + ")(?::([A-Za-z0-9._-]+))?");

  /** Whether a text has the form of a name. */
  public static boolean isName(String text) {
    return NAME.matcher(text).matches() && !text.contains("..") && !text.contains("--");
  }

  /**
   * Reads a name; the hub's address before it is dropped.
   *
   * @throws HubException where it is none
   */
  public static RepoName parse(String text) {
    String name =
        text.replaceFirst("^(https?://)?(huggingface\\.co|hf\\.co)/", "").replaceFirst("/$", "");
    Matcher matcher = NAME.matcher(name);
    if (!matcher.matches() || !isName(name)) {
      throw new HubException(
          "'"
              + text
              + "' is no name of a repository: it must be OWNER/REPO or OWNER/REPO:QUANT, such as"
              + " owner/Model-GGUF:Q4_K_M");
    }
    return new RepoName(matcher.group(1), matcher.group(2));
  }

  @Override
  public String toString() {
    return quant == null ? repo : repo + ":" + quant;
  }
}
