package dev.lamina.app.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.app.hub.HubServer.Fault;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Downloads from a server that behaves as the hub does. */
class PullerTest extends PullerCase {
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
