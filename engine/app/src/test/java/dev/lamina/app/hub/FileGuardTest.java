package dev.lamina.app.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class FileGuardTest {
  @TempDir private Path folder;

  /** Another program that holds a lock until a line comes. */
  public static final class Holder {
    private Holder() {}

    public static void main(String[] args) throws IOException, InterruptedException {
      try (FileGuard _ = FileGuard.take(Path.of(args[0]), () -> {})) {
        System.out.println("held");
        System.in.read();
      }
    }
  }

  @Test
  @Timeout(60)
  void anotherProgramIsWaitedFor() throws Exception {
    Path lock = folder.resolve("deep/x.lock");
    Process other =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Holder.class.getName(),
                lock.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader said = new BufferedReader(new InputStreamReader(other.getInputStream()))) {
      assertEquals("held", said.readLine());
      CountDownLatch waits = new CountDownLatch(1);
      AtomicBoolean let = new AtomicBoolean();
      Thread release =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try (OutputStream in = other.getOutputStream()) {
                      waits.await();
                      let.set(true);
                      in.write('\n');
                    } catch (IOException | InterruptedException e) {
                      throw new IllegalStateException(e);
                    }
                  });
      try (FileGuard _ = FileGuard.take(lock, waits::countDown)) {
        assertTrue(let.get());
      }
      release.join();
      assertEquals(0, other.waitFor());
    } finally {
      other.destroyForcibly();
    }
  }

  @Test
  @Timeout(60)
  void anotherThreadIsWaitedFor() throws Exception {
    Path lock = folder.resolve("x.lock");
    CountDownLatch waits = new CountDownLatch(1);
    AtomicBoolean let = new AtomicBoolean();
    AtomicBoolean inTurn = new AtomicBoolean();
    FileGuard first = FileGuard.take(lock, () -> {});
    Thread other =
        Thread.ofPlatform()
            .start(
                () -> {
                  try (FileGuard _ = FileGuard.take(lock, waits::countDown)) {
                    inTurn.set(let.get());
                  } catch (IOException | InterruptedException e) {
                    throw new IllegalStateException(e);
                  }
                });
    waits.await();
    let.set(true);
    first.close();
    other.join();
    assertTrue(inTurn.get());
  }
}
