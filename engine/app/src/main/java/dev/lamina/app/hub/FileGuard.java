package dev.lamina.app.hub;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/** A lock on a name, among the threads of this program and among programs. */
final class FileGuard implements AutoCloseable {
  private static final ConcurrentHashMap<Path, ReentrantLock> HERE = new ConcurrentHashMap<>();
  private static final Duration PAUSE = Duration.ofMillis(100);

  private final ReentrantLock here;
  private final FileChannel channel;

  private FileGuard(ReentrantLock here, FileChannel channel) {
    this.here = here;
    this.channel = channel;
  }

  /**
   * Waits until nobody else has the lock.
   *
   * @param onWait told once where somebody has
   */
  static FileGuard take(Path file, Runnable onWait) throws IOException, InterruptedException {
    Path name = file.toAbsolutePath().normalize();
    ReentrantLock here = HERE.computeIfAbsent(name, path -> new ReentrantLock());
    if (!here.tryLock()) {
      onWait.run();
      here.lockInterruptibly();
    }
    FileChannel channel = null;
    try {
      Files.createDirectories(name.getParent());
      channel = FileChannel.open(name, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      FileLock lock = channel.tryLock();
      if (lock == null) {
        onWait.run();
        while (channel.tryLock() == null) {
          Thread.sleep(PAUSE);
        }
      }
      return new FileGuard(here, channel);
    } catch (IOException | InterruptedException | RuntimeException e) {
      if (channel != null) {
        channel.close();
      }
      here.unlock();
      throw e;
    }
  }

  @Override
  public void close() throws IOException {
    // The file stays: one that another waits for must not be deleted.
    try {
      channel.close();
    } finally {
      here.unlock();
    }
  }
}
