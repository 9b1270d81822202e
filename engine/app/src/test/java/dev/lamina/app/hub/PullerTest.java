package dev.lamina.app.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.app.hub.HubServer.Fault;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Downloads from a server that behaves, and misbehaves, as the hub does. */
class PullerTest {
  private static final String REPO = HubServer.REPO;
  private static final int CHUNK = 64 << 10;
  private static final byte[] BYTES = new byte[5 * CHUNK - 1000];
  private static final byte[] SMALL = "GGUF small".getBytes(StandardCharsets.UTF_8);
  private static final String FILE = "tiny-Q4_K_M.gguf";

  static {
    new Random(7).nextBytes(BYTES);
  }

  @TempDir private Path home;
  private HubServer server;
  private final List<Duration> pauses = Collections.synchronizedList(new ArrayList<>());
  private final Recorder recorder = new Recorder();
  private Map<String, String> env;
  private int connections = 1;
  private Duration stall = Duration.ofSeconds(20);
  private long space = Long.MAX_VALUE / 2;

  /** Keeps what it is told. */
  private static final class Recorder implements PullProgress {
    private long bytes;
    private long present;
    private long received;
    private final List<String> notes = new ArrayList<>();

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

  private HubSettings settings() {
    return HubSettings.of(env, home);
  }

  private Puller puller() {
    return puller(new HubCache(settings().cache()));
  }

  private Puller puller(HubCache cache) {
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

  private static UnaryOperator<List<String>> quant(String quant) {
    return paths -> Selection.model(new RepoName(REPO, quant), paths);
  }

  private Path pull() throws Exception {
    try (Puller puller = puller()) {
      return puller.toCache(REPO, quant(null)).getFirst();
    }
  }

  private String failure() {
    return assertThrows(HubException.class, this::pull).getMessage();
  }

  private Path repo() {
    return home.resolve("hub/models--maker--Tiny-GGUF");
  }

  private List<String> blobs() throws IOException {
    try (Stream<Path> found = Files.list(repo().resolve("blobs"))) {
      return found.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void theCacheIsThatOfTheHubsTools() throws Exception {
    Path path = pull();
    assertEquals(repo().resolve("snapshots").resolve(HubServer.COMMIT).resolve(FILE), path);
    assertArrayEquals(BYTES, Files.readAllBytes(path));
    assertEquals(Path.of("../../blobs", server.id(FILE)), Files.readSymbolicLink(path));
    assertEquals(HubServer.COMMIT, Files.readString(repo().resolve("refs/main")));
    assertEquals(List.of(server.id(FILE)), blobs());
    assertEquals(BYTES.length, recorder.received);
    // Nothing is fetched twice.
    long sent = server.sent.get();
    assertEquals(path, pull());
    assertEquals(sent, server.sent.get());
    assertEquals(BYTES.length, recorder.present);
    assertEquals(List.of(), pauses);
  }

  @Test
  void anotherNameOfTheSameContentIsOnlyLinked() throws Exception {
    pull();
    Files.delete(repo().resolve("snapshots").resolve(HubServer.COMMIT).resolve(FILE));
    long sent = server.sent.get();
    assertArrayEquals(BYTES, Files.readAllBytes(pull()));
    assertEquals(sent, server.sent.get());
  }

  @Test
  void smallFilesAreCheckedAsGitDoes() throws Exception {
    try (Puller puller = puller()) {
      Path path =
          puller.toCache(REPO, paths -> Selection.file(REPO, "README.md", paths)).getFirst();
      assertEquals("# Tiny\n", Files.readString(path));
      assertEquals(40, Files.readSymbolicLink(path).getFileName().toString().length());
    }
  }

  @Test
  void rangesComeSideBySide() throws Exception {
    connections = 3;
    // The first range finds the address for all; the next two wait for each other.
    server.together = new CountDownLatch(2);
    assertArrayEquals(BYTES, Files.readAllBytes(pull()));
    assertFalse(server.alone);
    assertEquals(BYTES.length, server.sent.get());
    assertEquals(
        List.of(
            "bytes=0-65535",
            "bytes=131072-196607",
            "bytes=196608-262143",
            "bytes=262144-326679",
            "bytes=65536-131071"),
        server.ranges.stream().sorted().toList());
    assertEquals(1, server.asked.stream().filter(a -> a.contains("/resolve/")).count());
  }

  @Test
  void cutConnectionsGoOnWhereTheyWere() throws Exception {
    server.faults.addAll(
        List.of(new Fault.Cut(1000), new Fault.Cut(2000), new Fault.Cut(0), new Fault.None()));
    assertArrayEquals(BYTES, Files.readAllBytes(pull()));
    assertEquals(BYTES.length, server.sent.get());
    assertEquals(
        List.of("bytes=0-65535", "bytes=1000-65535", "bytes=3000-65535", "bytes=3000-65535"),
        server.ranges.subList(0, 4));
    // A failure behind progress counts from one again.
    assertEquals(List.of(1L, 1L, 2L), pauses.stream().map(Duration::toSeconds).toList());
    assertEquals(BYTES.length, recorder.received);
  }

  @Test
  void anotherPullGoesOnWhereTheFirstGaveUp() throws Exception {
    server.faults.addAll(List.of(new Fault.None(), new Fault.Cut(1500)));
    for (int i = 0; i < 4; i++) {
      server.faults.add(new Fault.Status(503, null));
    }
    String message = failure();
    assertTrue(message.startsWith(REPO + ": " + FILE + ": localhost cannot be reached"), message);
    assertTrue(message.contains("status 503"), message);
    assertTrue(message.contains("try again, which goes on where it stopped"), message);
    assertFalse(Files.exists(repo().resolve("snapshots")));
    assertFalse(Files.exists(repo().resolve("refs")));
    long sent = server.sent.get();
    assertEquals(CHUNK + 1500, sent);
    server.faults.clear();
    assertArrayEquals(BYTES, Files.readAllBytes(pull()));
    assertEquals(BYTES.length, server.sent.get());
    assertEquals(CHUNK + 1500, recorder.present);
    assertEquals(BYTES.length - CHUNK - 1500, recorder.received);
    assertEquals(List.of(server.id(FILE)), blobs());
  }

  /** Other programs take a file of this name for the beginning of the content. */
  @Test
  void whatIsOnItsWayHasANameOfItsOwn() throws Exception {
    for (int i = 0; i < 4; i++) {
      server.faults.add(new Fault.Status(500, null));
    }
    failure();
    String id = server.id(FILE);
    assertEquals(List.of(id + ".lamina.incomplete", id + ".lamina.incomplete.state"), blobs());
  }

  @ParameterizedTest
  @CsvSource({"429,7,7", "503,,1", "500,,1", "429,date,120", "429,99999,300", "503,nonsense,1"})
  void busyServersAreGivenTheTimeTheyWant(int status, String wanted, long seconds)
      throws Exception {
    String retryAfter = wanted;
    if ("date".equals(wanted)) {
      retryAfter =
          ZonedDateTime.now(ZoneOffset.UTC)
              .plusSeconds(120)
              .format(DateTimeFormatter.RFC_1123_DATE_TIME);
    }
    server.faults.add(new Fault.Status(status, retryAfter));
    server.hubFaults.add(new Fault.Status(status, retryAfter));
    assertArrayEquals(BYTES, Files.readAllBytes(pull()));
    assertEquals(2, pauses.size());
    for (Duration pause : pauses) {
      // Until a date it is less by what has passed since, more on a busy machine.
      double passed = "date".equals(wanted) ? 60 : 0;
      assertTrue(
          pause.toSeconds() >= seconds - passed && pause.toSeconds() <= seconds, pauses::toString);
    }
    assertEquals(
        seconds > 2,
        recorder.notes.stream()
            .anyMatch(n -> n.startsWith("status " + status + ": trying again in ")),
        recorder.notes::toString);
  }

  @Test
  void pausesDoubleAndThenItIsGivenUp() throws Exception {
    for (int i = 0; i < 4; i++) {
      server.hubFaults.add(new Fault.Status(502, null));
    }
    HubException.Unreachable e = assertThrows(HubException.Unreachable.class, this::pull);
    assertTrue(e.getMessage().contains("status 502"), e.getMessage());
    assertEquals(List.of(1L, 2L, 4L), pauses.stream().map(Duration::toSeconds).toList());
  }

  @Test
  void otherContentIsRefusedAndDeleted() throws Exception {
    server.falsify(FILE);
    String message = failure();
    assertTrue(message.contains("its SHA-256 is "), message);
    assertTrue(message.contains("should be " + server.id(FILE)), message);
    assertEquals(List.of(), blobs());
    assertFalse(Files.exists(repo().resolve("snapshots")));
  }

  @Test
  void aBeginningThatWasDamagedIsFetchedAnew() throws Exception {
    server.faults.addAll(List.of(new Fault.None(), new Fault.None()));
    for (int i = 0; i < 4; i++) {
      server.faults.add(new Fault.Status(500, null));
    }
    failure();
    Path partial = repo().resolve("blobs").resolve(server.id(FILE) + ".lamina.incomplete");
    byte[] half = Files.readAllBytes(partial);
    half[100] ^= 1;
    Files.write(partial, half);
    assertArrayEquals(BYTES, Files.readAllBytes(pull()));
    assertTrue(recorder.notes.toString().contains("fetched anew"), recorder.notes.toString());
    assertEquals(BYTES.length, recorder.present + recorder.received);
  }

  @ParameterizedTest
  @ValueSource(strings = {"empty", "short", "other size", "too much", "beyond the end", "gone"})
  void aDamagedStateBeginsAnew(String how) throws Exception {
    server.faults.add(new Fault.None());
    for (int i = 0; i < 4; i++) {
      server.faults.add(new Fault.Status(500, null));
    }
    failure();
    Path partial = repo().resolve("blobs").resolve(server.id(FILE) + ".lamina.incomplete");
    Path state = PartialFile.stateOf(partial);
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(state));
    switch (how) {
      case "empty" -> Files.write(state, new byte[0]);
      case "short" -> Files.write(state, Arrays.copyOf(bytes.array(), 30));
      case "other size" -> Files.write(state, bytes.putLong(8, 1).array());
      case "too much" -> Files.write(state, bytes.putLong(24, CHUNK + 1).array());
      case "beyond the end" -> Files.write(state, bytes.putLong(24 + 3 * 8, CHUNK).array());
      default -> Files.delete(state);
    }
    assertArrayEquals(BYTES, Files.readAllBytes(pull()));
    assertEquals(List.of(server.id(FILE)), blobs());
  }

  @Test
  void expiredAddressesAreAskedForAgain() throws Exception {
    server.faults.addAll(
        List.of(new Fault.None(), new Fault.Expired(), new Fault.None(), new Fault.Expired()));
    assertArrayEquals(BYTES, Files.readAllBytes(pull()));
    assertEquals(BYTES.length, server.sent.get());
    assertEquals(3, server.asked.stream().filter(a -> a.contains("/resolve/")).count());
  }

  @Test
  void aServerWithoutRangesSendsAllInOnePiece() throws Exception {
    server.ignoresRanges = true;
    connections = 3;
    server.faults.addAll(List.of(new Fault.None(), new Fault.None(), new Fault.None()));
    assertArrayEquals(BYTES, Files.readAllBytes(pull()));
    assertTrue(recorder.notes.toString().contains("in one piece"), recorder.notes.toString());
    assertEquals(BYTES.length, recorder.received);
  }

  @Test
  void aServerWithoutRangesThatCutsIsAskedForAllAgain() throws Exception {
    server.ignoresRanges = true;
    server.faults.addAll(List.of(new Fault.None(), new Fault.Cut(70_000), new Fault.Cut(0)));
    assertArrayEquals(BYTES, Files.readAllBytes(pull()));
    assertEquals(List.of("bytes=0-65535", "", "", ""), server.ranges);
    assertEquals(BYTES.length, recorder.received);
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 5000})
  void aSilentServerIsLeft(int bytes) throws Exception {
    stall = Duration.ofMillis(600);
    server.faults.addAll(List.of(new Fault.None(), new Fault.Hang(bytes)));
    assertArrayEquals(BYTES, Files.readAllBytes(pull()));
    // On a busy machine others may be late as well.
    assertFalse(pauses.isEmpty());
    assertEquals(BYTES.length, recorder.received);
  }

  @Test
  void theTokenGoesToTheHubAlone() throws Exception {
    server.token = "hf_secret";
    env.put("HF_TOKEN", "hf_secret\n");
    assertArrayEquals(BYTES, Files.readAllBytes(pull()));
    try (Puller puller = puller()) {
      // A redirection on the hub itself keeps it.
      puller.toCache(REPO, paths -> List.of("README.md"));
    }
    assertEquals(List.of(), server.leaked);
  }

  @Test
  void theTokenOfTheFileIsUsed() throws Exception {
    server.token = "hf_kept";
    Files.writeString(home.resolve("token"), "hf_kept\n");
    assertArrayEquals(BYTES, Files.readAllBytes(pull()));
  }

  @Test
  void refusalsSayWhatToDo() {
    server.token = "hf_right";
    assertTrue(failure().startsWith(REPO + ": there is no such repository, or it is private"));
    assertTrue(failure().contains("set HF_TOKEN"));
    server.gated = true;
    assertTrue(failure().contains("accept the conditions at " + server.endpoint() + "/" + REPO));
    env.put("HF_TOKEN", "hf_wrong");
    assertTrue(failure().contains("with the account of your token"));
    server.gated = false;
    assertEquals(REPO + ": there is no such repository", failure());
    assertEquals(List.of(), pauses);
  }

  @Test
  void offlineUsesTheCacheAlone() throws Exception {
    env.put("HF_HUB_OFFLINE", "1");
    assertTrue(failure().contains("is not in the cache"), failure());
    env.remove("HF_HUB_OFFLINE");
    Path path = pull();
    env.put("HF_HUB_OFFLINE", "TRUE");
    env.put("HF_ENDPOINT", "http://localhost:1");
    assertEquals(path, pull());
    String message =
        assertThrows(HubException.class, () -> puller().toCache(REPO, quant("Q2_K"))).getMessage();
    assertTrue(message.contains("has no Q2_K file; there are " + FILE), message);
  }

  @Test
  void aHubThatIsNotThereIsNamed() {
    env.put("HF_ENDPOINT", "http://localhost:1");
    HubException.Unreachable e = assertThrows(HubException.Unreachable.class, this::pull);
    assertTrue(
        e.getMessage()
            .startsWith(REPO + ": localhost cannot be reached or breaks off (connection refused)"),
        e.getMessage());
    env.put("HF_ENDPOINT", "http://no-such-host.invalid");
    String message = failure();
    assertTrue(message.contains("no-such-host.invalid cannot be reached"), message);
  }

  @Test
  void theDiskIsLookedAtFirst() {
    space = BYTES.length;
    String message = failure();
    assertTrue(message.contains("0.00 GB are free there and 0.00 GB are still to come"), message);
    assertEquals(0, server.sent.get());
  }

  @Test
  void splitModelsComeAsAWhole() throws Exception {
    byte[] second = {1, 2, 3};
    server
        .add("Q6_K/t-Q6_K-00002-of-00002.gguf", second)
        .add("Q6_K/t-Q6_K-00001-of-00002.gguf", SMALL)
        .add("mmproj-tiny-Q6_K.gguf", new byte[9]);
    try (Puller puller = puller()) {
      List<Path> paths = puller.toCache(REPO, quant("q6_k"));
      assertEquals(
          List.of("t-Q6_K-00001-of-00002.gguf", "t-Q6_K-00002-of-00002.gguf"),
          paths.stream().map(path -> path.getFileName().toString()).toList());
      assertArrayEquals(second, Files.readAllBytes(paths.get(1)));
      assertEquals(
          Path.of("../../../blobs", HubServer.digest("SHA-256", second)),
          Files.readSymbolicLink(paths.get(1)));
    }
  }

  @Test
  void aFolderOfTheUsersGetsFilesByTheirNames() throws Exception {
    Path folder = home.resolve("mine");
    try (Puller puller = puller()) {
      List<Path> paths =
          puller.toFolder(REPO, folder, all -> Selection.matching(REPO, "*.gguf", all));
      assertEquals(List.of(folder.resolve("tiny-Q8_0.gguf"), folder.resolve(FILE)), paths);
      assertArrayEquals(BYTES, Files.readAllBytes(folder.resolve(FILE)));
      assertFalse(Files.isSymbolicLink(folder.resolve(FILE)));
      List<String> known =
          Files.readAllLines(folder.resolve(".cache/huggingface/download/" + FILE + ".metadata"));
      assertEquals(List.of(HubServer.COMMIT, server.id(FILE)), known.subList(0, 2));
      long sent = server.sent.get();
      puller.toFolder(REPO, folder, quant(null));
      assertEquals(sent, server.sent.get());
      assertEquals(BYTES.length, recorder.present);
      // Without what is known of it, its content tells.
      Files.delete(folder.resolve(".cache/huggingface/download/" + FILE + ".metadata"));
      puller.toFolder(REPO, folder, quant(null));
      assertEquals(sent, server.sent.get());
      // A file that was changed comes anew.
      byte[] changed = BYTES.clone();
      changed[5] ^= 1;
      Files.write(folder.resolve(FILE), changed);
      Files.setLastModifiedTime(
          folder.resolve(FILE), FileTime.fromMillis(System.currentTimeMillis() + 60_000));
      puller.toFolder(REPO, folder, quant(null));
      assertArrayEquals(BYTES, Files.readAllBytes(folder.resolve(FILE)));
    }
  }

  @Test
  void whatTheCacheHasIsCopiedToAFolder() throws Exception {
    pull();
    long sent = server.sent.get();
    try (Puller puller = puller()) {
      puller.toFolder(REPO, home.resolve("mine"), quant(null));
    }
    assertEquals(sent, server.sent.get());
    assertArrayEquals(BYTES, Files.readAllBytes(home.resolve("mine").resolve(FILE)));
  }

  @Test
  void twoPullsOfOneFileFetchItOnce() throws Exception {
    try (var pool = Executors.newFixedThreadPool(4)) {
      List<Callable<Path>> pulls = Collections.nCopies(4, this::pull);
      for (Future<Path> path : pool.invokeAll(pulls)) {
        assertArrayEquals(BYTES, Files.readAllBytes(path.get()));
      }
    }
    assertEquals(BYTES.length, server.sent.get());
  }

  @Test
  void withoutLinksTheFileTakesTheirPlace() throws Exception {
    HubCache cache =
        new HubCache(
            settings().cache(),
            (link, target) -> {
              throw new UnsupportedOperationException("no links here");
            });
    try (Puller puller = puller(cache)) {
      Path path = puller.toCache(REPO, quant(null)).getFirst();
      assertFalse(Files.isSymbolicLink(path));
      assertArrayEquals(BYTES, Files.readAllBytes(path));
      long sent = server.sent.get();
      puller.toCache(REPO, quant(null));
      assertEquals(sent, server.sent.get());
      assertEquals(BYTES.length, cache.remove(REPO, cache.cached(REPO)));
      assertFalse(Files.exists(repo()));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"../../evil.gguf", "/etc/evil.gguf", "a/./b.gguf", "a//b.gguf", "c:evil.gguf"})
  void pathsThatLeadElsewhereAreRefused(String path) {
    server.add(path, SMALL);
    assertTrue(failure().contains("the hub's answer is not what it should be"), failure());
  }

  @Test
  void removingKeepsWhatOthersUse() throws Exception {
    server.add("copy-of-tiny-IQ4_NL.gguf", BYTES);
    HubCache cache = new HubCache(settings().cache());
    try (Puller puller = puller()) {
      puller.toCache(REPO, paths -> paths);
    }
    assertEquals(List.of(REPO), cache.repos());
    assertEquals(4, cache.cached(REPO).size());
    List<HubCache.Cached> one =
        cache.cached(REPO).stream().filter(file -> file.path().equals(FILE)).toList();
    assertEquals(0, cache.remove(REPO, one));
    assertArrayEquals(
        BYTES,
        Files.readAllBytes(
            repo()
                .resolve("snapshots")
                .resolve(HubServer.COMMIT)
                .resolve("copy-of-tiny-IQ4_NL.gguf")));
    assertEquals(BYTES.length + SMALL.length + 7, cache.remove(REPO, cache.cached(REPO)));
    assertEquals(List.of(), cache.repos());
  }

  @Test
  void aRemovedLinkToElsewhereLeavesTheContent() throws Exception {
    Path own = Files.write(home.resolve("own.gguf"), SMALL);
    Path link = repo().resolve("snapshots").resolve(HubServer.COMMIT).resolve("own.gguf");
    Files.createDirectories(link.getParent());
    Files.createSymbolicLink(link, own);
    HubCache cache = new HubCache(settings().cache());
    cache.remove(REPO, cache.cached(REPO));
    assertTrue(Files.exists(own));
    assertFalse(Files.exists(repo()));
  }
}
