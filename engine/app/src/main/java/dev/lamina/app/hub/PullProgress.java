package dev.lamina.app.hub;

import java.util.List;

/** Told how a download goes; from several threads. */
public interface PullProgress {
  /** Says nothing. */
  PullProgress NONE = new PullProgress() {};

  /**
   * What is to be done.
   *
   * @param files all files that were asked for
   * @param bytes of all of them
   * @param present bytes that are there already
   */
  default void plan(List<RepoFile> files, long bytes, long present) {}

  /** So many bytes came; fewer than none where some must come again. */
  default void received(long bytes) {}

  /** A file's content is being checked. */
  default void checking(RepoFile file, long done) {}

  /** Something that one may want to know, a sentence without its end. */
  default void note(String text) {}
}
