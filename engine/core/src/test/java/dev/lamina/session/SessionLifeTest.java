package dev.lamina.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.LaminaException;
import dev.lamina.backend.testing.FakeGpu;
import dev.lamina.backend.testing.FakeGpu.Fault;
import dev.lamina.gguf.GgufFile;
import dev.lamina.gguf.GgufWriter;
import dev.lamina.gguf.TensorInfo;
import dev.lamina.testing.Demo;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models and sessions from loading to closing: several threads, broken files, lost devices. */
class SessionLifeTest extends SessionCase {
  @Test
  void twoThreadsWithTheirOwnSessions() throws Exception {
    try (ExecutorService pool = Executors.newFixedThreadPool(2);
        Session a = model.newSession();
        Session b = model.newSession()) {
      Future<String> first = pool.submit(() -> a.generate(PROMPT, GREEDY).text());
      Future<String> second = pool.submit(() -> b.generate(PROMPT, GREEDY).text());
      assertEquals(expected, first.get(60, TimeUnit.SECONDS));
      assertEquals(expected, second.get(60, TimeUnit.SECONDS));
    }
  }

  @Test
  void closingWhileAnotherThreadGenerates() throws Exception {
    try (ExecutorService pool = Executors.newSingleThreadExecutor()) {
      Model own = load(LoadOptions.DEFAULT.withContext(256));
      Session session = own.newSession();
      CountDownLatch started = new CountDownLatch(1);
      Future<Object> running =
          pool.submit(
              () -> {
                Generation generation =
                    session.generate(PROMPT, GREEDY.withMaxTokens(-1).withIgnoreEnd(true));
                try {
                  for (Token token : generation) {
                    started.countDown();
                  }
                  return generation.finishReason();
                } catch (LaminaException e) {
                  return e.getMessage();
                }
              });
      assertTrue(started.await(60, TimeUnit.SECONDS));
      own.close();
      assertEquals("the model is closed", running.get(60, TimeUnit.SECONDS));
      session.close();
      own.close();
    }
  }

  @Test
  void closedSessionSaysSo() {
    Session session = model.newSession();
    Generation generation = session.generate(PROMPT, GREEDY);
    generation.next();
    session.close();
    session.close();
    assertFalse(generation.hasNext());
    assertEquals(FinishReason.CANCELLED, generation.finishReason());
    LaminaException e = assertThrows(LaminaException.class, () -> session.generate(PROMPT, GREEDY));
    assertEquals("the session is closed", e.getMessage());
  }

  @Test
  void gpuThatDiesAtToken20LosesNoText() {
    GenerateOptions longer = GREEDY.withMaxTokens(40);
    String whole;
    try (Session session = model.newSession()) {
      whole = session.generate(PROMPT, longer).text();
    }
    FakeGpu gpu = FakeGpu.builder("Fake0").fail(Fault.LOST, 20).build();
    try (Model own = load(LoadOptions.DEFAULT.withContext(256).withGpuLayers(99), gpu);
        Session session = own.newSession()) {
      assertEquals(9, own.placement().offloaded());
      assertEquals(whole, session.generate(PROMPT, longer).text());
      assertEquals(0, own.placement().offloaded());
      assertTrue(
          own.placement().summary().stream().anyMatch(line -> line.contains("Fake0")),
          own.placement().summary().toString());
    }
  }

  @Test
  void loadingIsTold() {
    List<Long> told = new ArrayList<>();
    long[] total = new long[1];
    try (Model own =
        load(
            LoadOptions.DEFAULT
                .withContext(64)
                .withProgress(
                    (done, all) -> {
                      told.add(done);
                      total[0] = all;
                    }))) {
      assertEquals(total[0], told.getLast());
      assertEquals(told.stream().sorted().toList(), told);
      assertSame(own, own.newSession().model());
    }
  }

  /** Somebody shortens the file while it is in use: one sentence, and the JVM lives on. */
  @Test
  void fileThatShrinksBehindOurBackIsTold(@TempDir Path folder) throws IOException {
    Path copy = Files.copy(Demo.model(), folder.resolve("model.gguf"));
    try (Model own = Model.load(copy, LoadOptions.DEFAULT.withContext(64), noGpu());
        Session session = own.newSession()) {
      try (FileChannel channel = FileChannel.open(copy, StandardOpenOption.WRITE)) {
        channel.truncate(4096);
      }
      LaminaException e =
          assertThrows(
              LaminaException.class, () -> session.generate(new int[] {5, 6}, GREEDY).text());
      assertTrue(
          e.getMessage().contains("model.gguf: a part of the file could not be read"),
          e.getMessage());
    }
  }

  /**
   * Rows of the output matrix that belong to no token are never picked, however great their logits.
   */
  @Test
  void logitsBeyondTheVocabularyAreNoTokens(@TempDir Path folder) throws IOException {
    Path padded = folder.resolve("padded.gguf");
    int rows = 1024;
    try (GgufFile file = GgufFile.open(Demo.model());
        GgufWriter writer = GgufWriter.create(padded)) {
      writer.copyMetadata(file, key -> true);
      for (TensorInfo t : file.tensors()) {
        boolean table = t.name().equals("token_embd.weight");
        writer.tensor(
            t.name(), t.type(), table ? new long[] {t.shape()[0], rows + 1024} : t.shape());
      }
      for (TensorInfo t : file.tensors()) {
        byte[] bytes = file.data(t).toArray(ValueLayout.JAVA_BYTE);
        writer.append(t.name(), MemorySegment.ofArray(bytes));
        if (t.name().equals("token_embd.weight")) {
          // The same rows again with twice the scale: one more in the exponent of each block's F16.
          for (int at = 1; at < bytes.length; at += t.type().blockBytes()) {
            bytes[at] += 4;
          }
          writer.append(t.name(), MemorySegment.ofArray(bytes));
        }
      }
      writer.finish();
    }
    try (Model own = Model.load(padded, LoadOptions.DEFAULT.withContext(256), noGpu());
        Session session = own.newSession()) {
      assertEquals(2048, own.config().nVocab());
      assertEquals(expected, session.generate(PROMPT, GREEDY).text());
    }
  }

  @Test
  void missingFileIsOneSentence() {
    LaminaException e =
        assertThrows(LaminaException.class, () -> Model.load(Path.of("no-such-file.gguf")));
    assertTrue(e.getMessage().contains("no-such-file.gguf: there is no such file"), e.getMessage());
  }
}
