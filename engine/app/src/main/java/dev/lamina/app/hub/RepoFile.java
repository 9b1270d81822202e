package dev.lamina.app.hub;

/**
 * A file of a repository.
 *
 * @param path with folders, separated by slashes
 * @param size bytes
 * @param id what the file's content is known by: of a large file its SHA-256, of a small one the
 *     SHA-1 of a Git blob. It is the name of the blob in the cache
 */
public record RepoFile(String path, long size, String id) {
  private static final int SHA256_DIGITS = 64;

  /** Whether {@link #id} is the SHA-256 of the content. */
  boolean isLarge() {
    return id.length() == SHA256_DIGITS;
  }
}
