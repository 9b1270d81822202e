package dev.lamina.app.hub;

import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A server that behaves, and misbehaves, as the hub does, and who downloads from it. */
abstract class PullerCase {
  static final String REPO = HubServer.REPO;
  static final int CHUNK = 64 << 10;
  static final byte[] BYTES = new byte[5 * CHUNK - 1000];
  static final byte[] SMALL = "GGUF small".getBytes(StandardCharsets.UTF_8);
  static final String FILE = "tiny-Q4_K_M.gguf";

  static {
    new Random(7).nextBytes(BYTES);
  }

  @TempDir Path home;
  HubServer server;
  final List<Duration> pauses = Collections.synchronizedList(new ArrayList<>());
  final Recorder recorder = new Recorder();
  Map<String, String> env;
  int connections = 1;
  Duration stall = Duration.ofSeconds(20);
  long space = Long.MAX_VALUE / 2;

  /** Keeps what it is told. */
  static final class Recorder implements PullProgress {
    long bytes;
    long present;
    long received;
    final List<String> notes = new ArrayList<>();

    @Override
    public synchronized void plan(List<RepoFile> files, long all, long there) {
      bytes = all;
      present = there;
      received = 0;
    }

    @Override
    public synchronized void received(long count) {
      received += count;
    }

    @Override
    public synchronized void note(String text) {
      notes.add(text);
    }
  }

  @BeforeEach
  void start() throws IOException {
    server = new HubServer();
    server.addSmall("README.md", "# Tiny\n").add("tiny-Q8_0.gguf", SMALL).add(FILE, BYTES);
    env = new HashMap<>(Map.of("HF_ENDPOINT", server.endpoint(), "HF_HOME", home.toString()));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  HubSettings settings() {
    return HubSettings.of(env, home);
  }

  Puller puller() {
    return puller(new HubCache(settings().cache()));
  }

  Puller puller(HubCache cache) {
    HubLimits limits =
        new HubLimits(
            connections,
            CHUNK,
            stall,
            4,
            Duration.ofSeconds(1),
            (time, stopped) -> pauses.add(time));
    return new Puller(settings(), limits, cache, folder -> space, recorder);
  }

  static UnaryOperator<List<String>> quant(String quant) {
    return paths -> Selection.model(new RepoName(REPO, quant), paths);
  }

  Path pull() throws Exception {
    try (Puller puller = puller()) {
      return puller.toCache(REPO, quant(null)).getFirst();
    }
  }

  String failure() {
    return assertThrows(HubException.class, this::pull).getMessage();
  }

  Path repo() {
    return home.resolve("hub/models--maker--Tiny-GGUF");
  }

  List<String> blobs() throws IOException {
    try (Stream<Path> found = Files.list(repo().resolve("blobs"))) {
      return found.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }
}
