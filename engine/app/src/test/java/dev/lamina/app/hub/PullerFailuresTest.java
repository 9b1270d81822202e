package dev.lamina.app.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.app.hub.HubServer.Fault;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Downloads from a server that misbehaves as the hub can. */
class PullerFailuresTest extends PullerCase {
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

  @ParameterizedTest
  @ValueSource(
      strings = {"../../evil.gguf", "/etc/evil.gguf", "a/./b.gguf", "a//b.gguf", "c:evil.gguf"})
  void pathsThatLeadElsewhereAreRefused(String path) {
    server.add(path, SMALL);
    assertTrue(failure().contains("the hub's answer is not what it should be"), failure());
  }
}
