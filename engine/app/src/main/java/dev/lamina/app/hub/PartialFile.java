package dev.lamina.app.hub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * A file that is on its way, in chunks that come side by side. Beside it stands a small file that
 * says how much of each chunk is there (64-bit numbers: a mark, the size of the file, the size of a
 * chunk, then a number for each chunk), written after the bytes themselves: whatever ends the
 * program, the next one goes on from there.
 */
final class PartialFile implements AutoCloseable {
  private static final long MARK = 0x6c616d696e613031L;
  private static final int HEAD = 3 * Long.BYTES;

  private final long size;
  private final long chunkBytes;
  private final long[] done;
  private final FileChannel data;
  private final FileChannel state;

  private PartialFile(long size, long chunkBytes, FileChannel data, FileChannel state) {
    this.size = size;
    this.chunkBytes = chunkBytes;
    this.data = data;
    this.state = state;
    done = new long[Math.toIntExact(Math.ceilDiv(size, chunkBytes))];
  }

  /** The file that says how much is there. */
  static Path stateOf(Path file) {
    return file.resolveSibling(file.getFileName() + ".state");
  }

  /** Bytes that are there of a file of this size; 0 where nothing is known of it. */
  static long present(Path file, long size) {
    try {
      if (!Files.exists(file) || !Files.exists(stateOf(file))) {
        return 0;
      }
      ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(stateOf(file)));
      if (bytes.remaining() < HEAD || bytes.getLong() != MARK || bytes.getLong() != size) {
        return 0;
      }
      bytes.getLong();
      long sum = 0;
      while (bytes.remaining() >= Long.BYTES) {
        sum += bytes.getLong();
      }
      return Math.clamp(sum, 0, size);
    } catch (IOException e) {
      return 0;
    }
  }

  /** Opens what is there, or begins. */
  static PartialFile open(Path file, long size, int chunkBytes) throws IOException {
    FileChannel data = channel(file);
    try {
      FileChannel state = channel(stateOf(file));
      PartialFile partial = read(size, data, state);
      if (partial == null) {
        partial = new PartialFile(size, chunkBytes, data, state);
        partial.restart();
      }
      return partial;
    } catch (IOException e) {
      data.close();
      throw e;
    }
  }

  private static FileChannel channel(Path file) throws IOException {
    return FileChannel.open(
        file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  /** What the state says; null where it is of another file, or damaged. */
  private static PartialFile read(long size, FileChannel data, FileChannel state)
      throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(state.size(), 1 << 24));
    while (bytes.hasRemaining() && state.read(bytes, bytes.position()) >= 0) {}
    bytes.flip();
    if (bytes.remaining() < HEAD || bytes.getLong() != MARK || bytes.getLong() != size) {
      return null;
    }
    long chunk = bytes.getLong();
    if (chunk < 1 || Math.ceilDiv(size, chunk) * Long.BYTES != bytes.remaining()) {
      return null;
    }
    PartialFile partial = new PartialFile(size, chunk, data, state);
    for (int i = 0; i < partial.done.length; i++) {
      long done = bytes.getLong();
      // Bytes that the file does not reach to are not there.
      if (done < 0 || done > partial.length(i) || partial.start(i) + done > data.size()) {
        done = 0;
      }
      partial.done[i] = done;
    }
    return partial;
  }

  /** Forgets all bytes. */
  synchronized void restart() throws IOException {
    Arrays.fill(done, 0);
    ByteBuffer bytes = ByteBuffer.allocate(HEAD + done.length * Long.BYTES);
    bytes.putLong(MARK).putLong(size).putLong(chunkBytes).position(0);
    while (bytes.hasRemaining()) {
      state.write(bytes, bytes.position());
    }
    data.truncate(0);
  }

  int chunks() {
    return done.length;
  }

  /** The first byte of a chunk. */
  long start(int chunk) {
    return chunk * chunkBytes;
  }

  /** Bytes of a chunk. */
  long length(int chunk) {
    return Math.min(chunkBytes, size - start(chunk));
  }

  /** Bytes of a chunk that are there: the first ones. */
  synchronized long done(int chunk) {
    return done[chunk];
  }

  /** Bytes of all chunks that are there. */
  synchronized long done() {
    return IntStream.range(0, done.length).mapToLong(i -> done[i]).sum();
  }

  /** Appends bytes to a chunk, at most as many as it lacks. A chunk has one writer. */
  void write(int chunk, byte[] bytes, int length) throws IOException {
    long at = done(chunk);
    ByteBuffer buffer = ByteBuffer.wrap(bytes, 0, length);
    while (buffer.hasRemaining()) {
      data.write(buffer, start(chunk) + at + buffer.position());
    }
    synchronized (this) {
      done[chunk] = at + length;
      ByteBuffer number = ByteBuffer.allocate(Long.BYTES).putLong(done[chunk]).flip();
      while (number.hasRemaining()) {
        state.write(number, HEAD + (long) chunk * Long.BYTES + number.position());
      }
    }
  }

  @Override
  public void close() throws IOException {
    try (data) {
      state.close();
    }
  }
}
