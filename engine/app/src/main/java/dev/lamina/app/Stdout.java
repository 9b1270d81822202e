package dev.lamina.app;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Standard output that remembers what went wrong with it. The writers above it keep their errors to
 * themselves, and a result that a full drive swallowed must not end in success.
 */
final class Stdout extends FilterOutputStream {

  private static final int FILE_TYPE = 0170000;
  private static final int PIPE = 0010000;
  private static final int SOCKET = 0140000;

  private final BooleanSupplier pipe;
  private IOException failure;

  /**
   * @param pipe whether somebody else reads what is written here
   */
  Stdout(OutputStream out, BooleanSupplier pipe) {
    super(out);
    this.pipe = pipe;
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int from, int length) throws IOException {
    try {
      out.write(bytes, from, length);
    } catch (IOException e) {
      failure = e;
      throw e;
    }
  }

  /**
   * Why not all was written; empty where it was, or where the reader had enough, as with {@code |
   * head}: all that can go wrong with a pipe.
   */
  Optional<String> failure() {
    return failure == null || pipe.getAsBoolean()
        ? Optional.empty()
        : Optional.of("stdout cannot be written: " + failure.getMessage());
  }

  /** Whether the process's own stdout is a pipe; true where the system cannot tell. */
  static boolean isPipe() {
    try {
      int mode = (int) Files.getAttribute(Path.of("/dev/stdout"), "unix:mode") & FILE_TYPE;
      return mode == PIPE || mode == SOCKET;
    } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
      return true;
    }
  }
}
