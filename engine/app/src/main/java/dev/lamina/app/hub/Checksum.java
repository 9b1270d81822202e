package dev.lamina.app.hub;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.LongConsumer;

/** The ids by which the hub knows contents. */
final class Checksum {
  private static final int BUFFER = 1 << 20;

  private Checksum() {}

  /**
   * The id of a file's content, in the form that {@code like} has: the SHA-256 of the bytes, or the
   * SHA-1 of a Git blob (the bytes behind {@code "blob "}, their number and a zero).
   *
   * @param progress told the bytes read so far
   */
  static String of(Path content, RepoFile like, LongConsumer progress) throws IOException {
    MessageDigest digest = digest(like.isLarge() ? "SHA-256" : "SHA-1");
    if (!like.isLarge()) {
      digest.update(("blob " + Files.size(content) + "\0").getBytes(StandardCharsets.US_ASCII));
    }
    byte[] buffer = new byte[BUFFER];
    long done = 0;
    try (InputStream in = Files.newInputStream(content)) {
      for (int n; (n = in.read(buffer)) >= 0; ) {
        digest.update(buffer, 0, n);
        done += n;
        progress.accept(done);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static MessageDigest digest(String name) {
    try {
      return MessageDigest.getInstance(name);
    } catch (NoSuchAlgorithmException e) {
      // Every Java platform has both.
      throw new IllegalStateException(e);
    }
  }
}
