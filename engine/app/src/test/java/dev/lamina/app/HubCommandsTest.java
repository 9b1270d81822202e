package dev.lamina.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.lamina.app.hub.HubServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code pull}, {@code list}, {@code rm}, {@code choose} and {@code -hf} against a local hub. */
class HubCommandsTest {
  private static final String REPO = HubServer.REPO;

  @TempDir private Path home;
  private HubServer server;
  private final Map<String, String> env = new HashMap<>();
  private Runnable restore;

  @BeforeEach
  void start() throws IOException {
    server = new HubServer();
    server
        .addSmall("README.md", "# Tiny\n")
        .add("tiny-Q8_0.gguf", Files.readAllBytes(DemoModel.file()))
        .add("tiny-Q2_K-00001-of-00002.gguf", new byte[2000])
        .add("tiny-Q2_K-00002-of-00002.gguf", new byte[1000]);
    env.put("HF_ENDPOINT", server.endpoint());
    env.put("HF_HOME", home.toString());
    restore = HubModels.withEnvironment(env);
  }

  @AfterEach
  void stop() {
    restore.run();
    server.close();
  }

  private static JsonObject json(String... args) {
    Ran ran = Ran.lamina(args);
    assertEquals(0, ran.code(), ran.err());
    return JsonParser.parseString(ran.out()).getAsJsonObject();
  }

  @Test
  void runsAModelOfTheHub() {
    String[] run = {"run", "-q", "-hf", REPO, "-p", "A fox", "--temp", "0", "-n", "8"};
    Ran hub = Ran.lamina(run);
    assertEquals(0, hub.code(), hub.err());
    assertTrue(hub.err().startsWith("lamina: downloading 5.4 MB of tiny-Q8_0.gguf\n"), hub.err());
    Ran own = Ran.lamina("run", "-q", "-p", "A fox", "--temp", "0", "-n", "8");
    assertEquals(own.out(), hub.out());
    // From then on the cache does, also when the hub is gone.
    assertEquals(new Ran(0, own.out(), ""), Ran.lamina(run));
    env.put("HF_HUB_OFFLINE", "1");
    assertEquals(new Ran(0, own.out(), ""), Ran.lamina(run));
    assertEquals(1, server.sent.get() / Math.max(1, demoBytes()));
  }

  private static long demoBytes() {
    return DemoModel.file().toFile().length();
  }

  @Test
  void pullsListsAndRemoves() {
    Ran pulled = Ran.lamina("pull", REPO + ":q2_k");
    assertEquals(0, pulled.code(), pulled.err());
    List<String> paths = pulled.out().lines().toList();
    assertEquals(2, paths.size());
    assertTrue(paths.get(0).endsWith("tiny-Q2_K-00001-of-00002.gguf"), pulled.out());
    assertTrue(paths.stream().allMatch(path -> Files.isRegularFile(Path.of(path))));
    assertEquals(0, Ran.lamina("pull", REPO, "--include", "*Q8*").code());
    Ran list = Ran.lamina("list");
    assertTrue(list.out().contains("  " + REPO + ":Q2_K  0.00 GB      2\n"), list.out());
    JsonObject json = json("list", "--json");
    assertEquals(2, json.getAsJsonArray("models").size());
    assertEquals(
        3000, json.getAsJsonArray("models").get(0).getAsJsonObject().get("bytes").getAsLong());

    Ran dry = Ran.lamina("rm", "--dry-run", REPO + ":Q2_K");
    assertEquals(2, dry.out().lines().count(), dry.out());
    assertTrue(Files.exists(Path.of(paths.get(0))));
    assertEquals(0, Ran.lamina("rm", REPO + ":Q2_K").code());
    assertFalse(Files.exists(Path.of(paths.get(0))));
    assertTrue(Ran.lamina("list").out().contains(":Q8_0"));
    Ran none = Ran.lamina("rm", REPO + ":Q2_K");
    assertEquals(1, none.code());
    assertTrue(none.err().contains("is not in the cache; 'lamina list' shows what is"), none.err());
    assertEquals(REPO + ": 0.01 GB freed\n", Ran.lamina("rm", REPO).out());
    assertEquals("", Ran.lamina("list").out());
    assertFalse(Files.exists(home.resolve("hub/models--maker--Tiny-GGUF")));
  }

  @Test
  void pullsToAFolder() {
    Path folder = home.resolve("models");
    Ran ran = Ran.lamina("pull", REPO, "--local-dir", folder.toString());
    assertEquals(folder.resolve("tiny-Q8_0.gguf") + "\n", ran.out());
    assertEquals(demoBytes(), folder.resolve("tiny-Q8_0.gguf").toFile().length());
  }

  @Test
  void choosesAmongTheFilesOfARepository() {
    JsonObject json =
        json("choose", REPO, "--vram", "8G", "--ram", "8G", "--device", "cuda", "--json");
    JsonObject fastest = json.getAsJsonObject("fastest");
    assertEquals("tiny-Q8_0.gguf", fastest.get("file").getAsString());
    assertEquals(2, json.getAsJsonArray("files").size());
    assertEquals(0, server.sent.get());
    // The head of a file tells the shape: 8 layers of 2 heads of 32 values for keys and values.
    json =
        json(
            "choose",
            REPO,
            "--vram",
            "8G",
            "--ram",
            "8G",
            "--device",
            "cuda",
            "--json",
            "-c",
            "2000000");
    long kv = json.get("reserve_bytes").getAsLong();
    assertTrue(kv > 1_500_000_000L, json.toString());
    JsonObject same =
        json(
            "choose",
            copyOfTheModel(),
            "--vram",
            "8G",
            "--ram",
            "8G",
            "--device",
            "cuda",
            "--json",
            "-c",
            "2000000");
    assertEquals(same.get("reserve_bytes").getAsLong(), kv);
  }

  private String copyOfTheModel() {
    Path folder = home.resolve("copy");
    try {
      Files.createDirectories(folder);
      Files.copy(DemoModel.file(), folder.resolve("tiny-Q8_0.gguf"));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return folder.toString();
  }

  @ParameterizedTest
  @CsvSource({
    "pull maker/Tiny-GGUF:Q4_0, 1, has no Q4_0 file; there are tiny-Q8_0.gguf",
    "pull nobody/Nothing, 1, 'there is no such repository, or it is private'",
    "pull nothing, 1, is no name of a repository",
    "pull maker/Tiny-GGUF:Q4_0 --include *, 2, --include goes with neither",
    "run -p x -hf maker/Tiny-GGUF -m x.gguf, 2, -m and -hf name two models",
    "run -p x -hf maker/Tiny-GGUF -ngl x, 2, '-ngl takes a number'",
    "run -p x -hf maker/Tiny-GGUF --offline, 1, is not in the cache at",
    "inspect x.gguf -hf maker/Tiny-GGUF, 2, two files are named",
    "tokenize -p x -hff y.gguf, 2, -hff names a file of a repository",
    "choose no/thing, 1, 'there is no such repository, or it is private'",
    "choose nothing, 1, 'there is no such folder, list or repository'",
    "rm maker/Tiny-GGUF, 1, is not in the cache",
    "pull, 2, Missing required parameter"
  })
  void failuresAreOneSentence(String line, int code, String words) {
    Ran ran = Ran.lamina(line.split(" "));
    assertEquals(code, ran.code(), ran.err());
    assertTrue(ran.err().contains(words), ran.err());
    assertEquals("", ran.out());
    assertTrue(ran.err().lines().count() <= (code == 2 ? 3 : 1), ran.err());
  }

  @Test
  void inspectAndTokenizeTakeModelsOfTheHub() {
    Ran own = Ran.lamina("inspect", "--json");
    Ran hub = Ran.lamina("inspect", "-hf", REPO, "--json");
    assertEquals(0, hub.code(), hub.err());
    assertEquals(
        JsonParser.parseString(own.out()).getAsJsonObject().get("metadata"),
        JsonParser.parseString(hub.out()).getAsJsonObject().get("metadata"));
    assertEquals(
        Ran.lamina("tokenize", "-p", "A fox", "--ids").out(),
        Ran.lamina("tokenize", "-hf", REPO, "--offline", "-p", "A fox", "--ids").out());
  }

  @Test
  void benchTakesModelsOfTheHub() {
    Ran ran = Ran.lamina("bench", "-hf", REPO + ":Q4_0");
    assertEquals(1, ran.code());
    assertTrue(ran.err().contains("has no Q4_0 file"), ran.err());
    ran = Ran.lamina("bench", "-hf", REPO, "-p", "0", "-n", "1", "-r", "1", "--no-warmup");
    assertEquals(0, ran.code(), ran.err());
    assertTrue(ran.out().contains("| qwen2 Q8_0 |"), ran.out());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void theBarShowsSpeedAndTimeLeft(boolean terminal) throws InterruptedException {
    var err = new StringWriter();
    try (var bar = new PullBar(new PrintWriter(err), terminal)) {
      bar.plan(List.of(), 10_000, 2000);
      for (int i = 0; i < 4; i++) {
        Thread.sleep(120);
        bar.received(1500);
      }
    }
    String shown = err.toString();
    assertTrue(
        shown.startsWith("lamina: downloading 8.0 kB of 0 files (2.0 kB are there)\n"), shown);
    if (terminal) {
      assertTrue(
          shown.matches("(?s).*\\[#+ +] +\\d+ % .* of 10.0 kB, .*B/s, \\d+ s left .*"), shown);
      assertTrue(shown.endsWith("\r\u001b[K"), shown);
    } else {
      assertTrue(shown.contains("lamina: 5.0 kB of 10.0 kB\n"), shown);
      assertFalse(shown.contains("\r"), shown);
    }
  }

  @Test
  void speedsOfLongAgoCountLess() {
    assertEquals(100, PullBar.blend(0, 100, 0.2), 1e-9);
    double speed = 100;
    for (int i = 0; i < 100; i++) {
      speed = PullBar.blend(speed, 10, 0.2);
    }
    assertEquals(10, speed, 1);
    assertEquals("3:05 min", ProgressLine.time(185));
    assertEquals("2:00 h", ProgressLine.time(7200));
    assertEquals("42 s", ProgressLine.time(41.2));
  }
}
