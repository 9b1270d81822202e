package dev.lamina.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PerplexityCommandTest {
  @TempDir private Path folder;

  private static String heldout() throws URISyntaxException {
    return Path.of(PerplexityCommandTest.class.getResource("heldout.txt").toURI()).toString();
  }

  private static JsonObject json(Ran ran) {
    assertEquals(0, ran.code(), ran.err());
    return JsonParser.parseString(ran.out()).getAsJsonObject();
  }

  @Test
  void sentenceAndJsonSayTheSame() throws URISyntaxException {
    String[] flags = {"perplexity", "-f", heldout(), "-c", "64", "--chunks", "3"};
    Ran text = Ran.lamina(flags);
    assertTrue(
        text.out().matches("Final estimate: PPL = \\d\\.\\d{4} \\+/- \\d\\.\\d{5}\n"), text.out());
    assertTrue(text.err().contains("3 windows of 64, 31 predictions of each count"), text.err());
    JsonObject json =
        json(
            Ran.lamina("perplexity", "-f", heldout(), "-c", "64", "--chunks", "3", "--json", "-q"));
    assertEquals(93, json.get("tokens").getAsInt());
    assertEquals(
        json.get("perplexity").getAsDouble(), Double.parseDouble(text.out().split(" ")[4]), 1e-4);
  }

  @Test
  void aModelDoesNotDivergeFromItself() throws URISyntaxException {
    Path base = folder.resolve("base.kld");
    Ran saved =
        Ran.lamina(
            "perplexity",
            "-q",
            "-f",
            heldout(),
            "-c",
            "128",
            "--chunks",
            "2",
            "--kl-divergence-base",
            base.toString());
    assertEquals(0, saved.code(), saved.err());
    assertTrue(Files.exists(base));
    String[] compare = {
      "perplexity", "-q", "--kl-divergence", "--kl-divergence-base", base.toString()
    };
    Ran ran = Ran.lamina(compare);
    assertEquals("", ran.err());
    assertTrue(ran.out().contains("Same top p: 100.000 ± 0.000 %\n"), ran.out());
    assertTrue(ran.out().contains("\nMean    KLD:  "), ran.out());
    assertTrue(ran.out().contains("\nMedian  KLD:  "), ran.out());
    assertTrue(ran.out().contains("\n99.9%   Δp:  "), ran.out());
    double first = Double.parseDouble(saved.out().replaceAll("(?s).*PPL = (\\S+) .*", "$1"));
    double again = Double.parseDouble(ran.out().replaceAll("(?s).*PPL\\(Q\\) +: +(\\S+) .*", "$1"));
    assertEquals(first, again, 6e-5, ran.out());
    Ran wrong =
        Ran.lamina(
            "perplexity", "-c", "64", "--kl-divergence", "--kl-divergence-base", base.toString());
    assertEquals(2, wrong.code());
    assertTrue(wrong.err().contains("has windows of 128 tokens"), wrong.err());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--kl-divergence",
        "--chunks 0",
        "--ppl-stride -1",
        "--ppl-stride 8 --kl-divergence-base x",
        "-p a -f b"
      })
  void wrongUsageIsCode2(String line) {
    Ran ran = Ran.lamina(("perplexity " + line).split(" "));
    assertEquals(2, ran.code(), ran.err());
  }

  @Test
  void shortTextIsRefusedAndLeavesNoFile() {
    Path base = folder.resolve("none.kld");
    Ran ran =
        Ran.lamina("perplexity", "-q", "-p", "Once upon", "--kl-divergence-base", base.toString());
    assertEquals(1, ran.code());
    assertTrue(
        ran.err()
            .matches(
                "lamina: the text has \\d tokens, and one window has 512: take a longer text, or a"
                    + " smaller -c\n"),
        ran.err());
    assertFalse(Files.exists(base));
  }

  @Test
  void stridedWindowsAreMeasured() throws URISyntaxException {
    JsonObject json =
        json(
            Ran.lamina(
                "perplexity",
                "-q",
                "--json",
                "-f",
                heldout(),
                "-c",
                "64",
                "--ppl-stride",
                "32",
                "--chunks",
                "2"));
    assertEquals(64, json.get("tokens").getAsInt());
    assertEquals(80, json.get("context").getAsInt());
  }
}
