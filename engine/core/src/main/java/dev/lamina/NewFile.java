package dev.lamina;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * A file that appears under its name only when it is whole. Until {@link #finish} its bytes lie
 * beside it, hidden, under a name of this process's own; closed before, or interrupted, it leaves
 * nothing behind, and a file of that name stays what it was.
 */
public final class NewFile implements AutoCloseable {
  private final Path target;
  private final Path partial;
  private final FileChannel channel;
  private boolean open = true;

  private NewFile(Path target, Path partial, FileChannel channel) {
    this.target = target;
    this.partial = partial;
    this.channel = channel;
  }

  /**
   * Begins a file.
   *
   * @throws LaminaException where there is no such folder, writing is not permitted, or something
   *     other than a file has the name: what gets a name takes the place of what has it, which a
   *     device or a pipe would not survive
   */
  public static NewFile create(Path target) {
    if (Files.isDirectory(target)) {
      throw new LaminaException(target + ": this is a folder: give the name of a file in it");
    }
    if (Files.exists(target) && !Files.isRegularFile(target)) {
      throw new LaminaException(
          target
              + ": this is a device or a pipe, which cannot be written as a file: choose a name");
    }
    Path partial =
        target.resolveSibling(
            "." + target.getFileName() + "." + ProcessHandle.current().pid() + ".part");
    // For a program that is interrupted; a file that has got its name is no longer there.
    partial.toFile().deleteOnExit();
    try {
      return new NewFile(
          target,
          partial,
          FileChannel.open(
              partial,
              StandardOpenOption.WRITE,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING));
    } catch (IOException e) {
      throw new LaminaException(FileProblem.writing(target, e), e);
    }
  }

  /**
   * Throws where a file could not be begun, as {@link #create} does: for who has hours of work
   * before the first byte.
   *
   * @throws LaminaException as {@link #create}
   */
  public static void require(Path target) {
    create(target).close();
  }

  /** Where the bytes go. Closed with the file. */
  public FileChannel channel() {
    return channel;
  }

  /** Whether bytes can still be written: neither finished nor closed. */
  public boolean isOpen() {
    return open;
  }

  /**
   * Gives the file its name, in one step that replaces a file of that name.
   *
   * @throws LaminaException where that fails
   */
  public void finish() {
    try {
      channel.close();
      try {
        Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
      } catch (AtomicMoveNotSupportedException e) {
        Files.move(partial, target, StandardCopyOption.REPLACE_EXISTING);
      }
      open = false;
    } catch (IOException e) {
      throw failure(e);
    }
  }

  /** What to throw where writing to {@link #channel} fails. */
  public LaminaException failure(IOException e) {
    return new LaminaException(FileProblem.writing(target, e), e);
  }

  /** Drops what has been written unless {@link #finish} was called. */
  @Override
  public void close() {
    if (!open) {
      return;
    }
    open = false;
    try {
      channel.close();
      Files.deleteIfExists(partial);
    } catch (IOException e) {
      throw new LaminaException(
          partial + ": the unfinished file could not be removed: " + FileProblem.reason(e), e);
    }
  }
}
