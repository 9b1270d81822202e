package dev.lamina.app.hub;

import java.util.List;

/**
 * What a repository has.
 *
 * @param repo owner and name
 * @param commit the commit that was listed, 40 hexadecimal digits
 * @param files its files, in the order of the hub
 */
public record RepoListing(String repo, String commit, List<RepoFile> files) {
  public RepoListing {
    files = List.copyOf(files);
  }
}
