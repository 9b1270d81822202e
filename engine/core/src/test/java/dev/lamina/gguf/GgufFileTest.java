package dev.lamina.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufFileTest {
  @TempDir Path folder;

  private Path small() {
    Path path = folder.resolve("small.gguf");
    try (GgufWriter out = GgufWriter.create(path)) {
      out.put("general.architecture", "llama").put("words", List.of("a", "b"));
      out.put("numbers", new float[] {1, 2}).tensor("w", GgmlType.F32, 1 << 16);
      byte[] data = new byte[4 << 16];
      SyntheticWeights.fill(GgmlType.F32, 1, MemorySegment.ofArray(data), 1);
      out.append("w", MemorySegment.ofArray(data)).finish();
    }
    return path;
  }

  private static void refused(Path path, String words) {
    GgufException e = assertThrows(GgufException.class, () -> GgufFile.open(path).close());
    assertEquals(path + ": " + words, e.getMessage());
  }

  @Test
  void whatIsNoFileIsNotWaitedFor() {
    Path device = Path.of("/dev/zero");
    assumeTrue(Files.exists(device));
    for (GgufFile.Access access : GgufFile.Access.values()) {
      GgufException e = assertThrows(GgufException.class, () -> GgufFile.open(device, access));
      assertEquals(
          "/dev/zero: this is a pipe or a device, which cannot be mapped: put the model in a file",
          e.getMessage());
      e = assertThrows(GgufException.class, () -> GgufFile.open(folder, access));
      assertEquals(folder + ": this is a folder, not a file", e.getMessage());
    }
  }

  @Test
  void whatCannotBeOpened() {
    refused(folder.resolve("nothing.gguf"), "there is no such file");
    refused(folder, "this is a folder, not a file");
  }

  @Test
  void aFileThatMayNotBeRead() throws IOException {
    Path path = small();
    assumeTrue(path.toFile().setReadable(false), "skipped: no such permission here");
    assumeTrue(!Files.isReadable(path), "skipped: this user may read everything");
    refused(path, "reading this file is not permitted");
  }

  @Test
  void mappedAndCopiedFilesAreTheSame() {
    Path path = small();
    try (GgufFile mapped = GgufFile.open(path);
        GgufFile copied = GgufFile.open(path, GgufFile.Access.COPIED)) {
      MemorySegment a = mapped.data(mapped.tensors().getFirst());
      MemorySegment b = copied.data(copied.tensors().getFirst());
      assertTrue(a.isMapped());
      assertFalse(b.isMapped());
      assertTrue(a.isReadOnly() && b.isReadOnly());
      assertEquals(-1, a.mismatch(b));
      assertEquals(mapped.bytes(), copied.bytes());
    }
  }

  @Test
  void tensorsOfAnotherFileAreRefused() {
    Path path = small();
    try (GgufFile one = GgufFile.open(path);
        GgufFile other = GgufFile.open(path)) {
      TensorInfo tensor = one.tensors().getFirst();
      assertThrows(GgufException.class, () -> other.data(tensor));
    }
  }

  @Test
  void aClosedFileSaysSo() {
    GgufFile file = GgufFile.open(small());
    List<String> words = file.metadata().strings("words");
    file.close();
    file.close();
    GgufException e = assertThrows(GgufException.class, () -> file.data(file.tensors().getFirst()));
    assertTrue(e.getMessage().contains("the file has been closed"), e.getMessage());
    assertThrows(GgufException.class, () -> words.get(0));
    assertThrows(GgufException.class, () -> file.metadata().floats("numbers"));
    assertEquals("llama", file.metadata().string("general.architecture"));
  }

  @Test
  void closingWhileOthersReadEndsThemWithAnException() throws InterruptedException {
    GgufFile file = GgufFile.open(small());
    TensorInfo tensor = file.tensors().getFirst();
    int threads = 4;
    CountDownLatch reading = new CountDownLatch(threads);
    AtomicReference<Throwable> surprise = new AtomicReference<>();
    List<Thread> readers = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      Thread reader =
          new Thread(
              () -> {
                try {
                  float[] out = new float[1 << 16];
                  while (true) {
                    Dequantizer.decode(GgmlType.F32, file.data(tensor), 0, out, 0, out.length);
                    file.metadata().strings("words").get(1);
                    reading.countDown();
                  }
                } catch (GgufException | IllegalStateException e) {
                  assertNotNull(e.getMessage());
                } catch (Throwable e) {
                  surprise.set(e);
                }
              });
      reader.start();
      readers.add(reader);
    }
    reading.await();
    file.close();
    for (Thread reader : readers) {
      reader.join();
    }
    assertEquals(null, surprise.get());
  }

  /** A tensor that begins and ends beyond what an int can count; the file is mostly a hole. */
  @Test
  void filesBeyondTwoGigabytes() throws IOException {
    long values = (1L << 30) + 8;
    long small = 1 << 20;
    RawGguf raw =
        RawGguf.file(3, 2, 0)
            .tensor("large", GgmlType.F32.id(), 0, 1 << 10, values >> 10, 1)
            .tensor(
                "after",
                GgmlType.F32.id(),
                GgufParser.alignUp(4 * (values >> 10 << 10), 32),
                small);
    byte[] header = raw.data(32, 0).toByteArray();
    Path path = folder.resolve("large.gguf");
    long end = header.length + 4 * (values >> 10 << 10) + 4 * small;
    try (FileChannel channel =
        FileChannel.open(
            path,
            StandardOpenOption.WRITE,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.SPARSE)) {
      channel.write(ByteBuffer.wrap(header), 0);
      channel.write(ByteBuffer.wrap(new byte[] {0, 0, 0x20, 0x41}), end - 4);
    }
    try (GgufFile file = GgufFile.open(path)) {
      assertEquals(end, file.bytes());
      TensorInfo after = file.tensor("after").orElseThrow();
      assertTrue(after.offset() > 1L << 32);
      float[] out = new float[1];
      Dequantizer.decode(GgmlType.F32, file.data(after), 4 * (small - 1), out, 0, 1);
      assertEquals(10f, out[0]);
      assertEquals(
          4 * (values >> 10 << 10), file.data(file.tensor("large").orElseThrow()).byteSize());
    } finally {
      Files.delete(path);
    }
  }

  @Test
  void aVocabularyIsNotCopiedWhenAFileIsOpened() {
    Path path = folder.resolve("vocabulary.gguf");
    List<String> tokens = new ArrayList<>();
    for (int i = 0; i < 151_936; i++) {
      tokens.add("token" + i);
    }
    try (GgufWriter out = GgufWriter.create(path)) {
      out.put("tokenizer.ggml.tokens", tokens).finish();
    }
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 5; i++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      GgufFile.open(path).close();
      least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
    }
    assertTrue(least < 20_000, "opening allocates " + least + " bytes");
    try (GgufFile file = GgufFile.open(path)) {
      assertEquals(tokens, file.metadata().strings("tokenizer.ggml.tokens"));
    }
  }

  @Test
  void aFileShortenedWhileInUseIsTold() throws IOException {
    Path path = folder.resolve("shrinking.gguf");
    List<String> tokens = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      tokens.add("token" + i);
    }
    try (GgufWriter out = GgufWriter.create(path)) {
      out.put("tokenizer.ggml.tokens", tokens).finish();
    }
    try (GgufFile file = GgufFile.open(path)) {
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
        channel.truncate(4096);
      }
      List<String> read = file.metadata().strings("tokenizer.ggml.tokens");
      GgufException e = assertThrows(GgufException.class, () -> read.get(9_999));
      assertTrue(e.getMessage().contains("shortened or replaced while in use"), e.getMessage());
    }
  }

  @Test
  void dataCannotBeChanged() {
    try (GgufFile file = GgufFile.open(small())) {
      MemorySegment data = file.data(file.tensor("w").orElseThrow());
      assertThrows(
          IllegalArgumentException.class, () -> data.set(ValueLayout.JAVA_BYTE, 0, (byte) 1));
    }
  }
}
