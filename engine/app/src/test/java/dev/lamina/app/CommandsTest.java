package dev.lamina.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CommandsTest {

  @TempDir private Path folder;

  @Test
  void helpNamesEveryCommand() {
    Ran ran = Ran.lamina("--help");
    assertEquals(0, ran.code());
    assertEquals("", ran.err());
    for (String command : new String[] {"features", "devices", "inspect", "tokenize"}) {
      assertTrue(ran.out().contains("  " + command), ran.out());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "nonsense",
        "--nonsense",
        "inspect --nonsense",
        "inspect a b",
        "tokenize -p a -f b",
        "tokenize -p",
        "devices extra"
      })
  void wrongUsageIsCode2AndPointsToHelp(String line) {
    Ran ran = Ran.lamina(line.isEmpty() ? new String[0] : line.split(" "));
    assertEquals(2, ran.code());
    assertEquals("", ran.out());
    assertTrue(ran.err().startsWith("lamina: "), ran.err());
    assertTrue(ran.err().contains("--help"), ran.err());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nonsense; there is no command 'nonsense'",
        "a.gguf; there is no command 'a.gguf'; 'lamina run -m a.gguf -p TEXT' runs a model",
        "-m a.gguf; the command comes first, such as 'lamina run -m a.gguf'",
        "inspect --nonsense; there is no flag --nonsense",
        "inspect a b; 'b' is one word too many",
        "run a.gguf; 'a.gguf' is one word too many: a model is named by -m FILE, a text by -p TEXT",
        "run -n x; Invalid value for option '--n-predict': 'x' is no whole number",
        "run -n 3000000000; Invalid value for option '--n-predict': '3000000000' is out of"
            + " range",
        "run --temp hot; Invalid value for option '--temperature': 'hot' is no number",
        "inspect --json --template; --template prints text alone: leave out --json, which has it"
            + " too"
      })
  void wrongUsageIsToldInOneSentence(String line) {
    String[] parts = line.split("; ", 2);
    Ran ran = Ran.lamina(parts[0].split(" "));
    assertEquals(2, ran.code());
    assertEquals("lamina: " + parts[1], ran.err().lines().findFirst().orElseThrow());
  }

  @Test
  void namesThatNoFileCanHaveAreToldAsSuch() {
    for (String flag : new String[] {"-m", "-f"}) {
      Ran ran = Ran.lamina("tokenize", flag, "a\0b");
      assertTrue(ran.err().contains("cannot be the name of a file here: "), ran.err());
      assertFalse(ran.err().contains("Exception"), ran.err());
      assertFalse(ran.err().contains("internal error"), ran.err());
    }
  }

  @Test
  void failuresAreCode1AndOneSentence() {
    Path missing = folder.resolve("missing.gguf");
    Ran ran = Ran.lamina("inspect", missing.toString());
    assertEquals(1, ran.code());
    assertEquals("", ran.out());
    assertEquals("lamina: " + missing + ": there is no such file\n", ran.err());
  }

  @Test
  void debugAddsTheStackTrace() {
    Ran ran = Ran.lamina("inspect", "--debug", folder.resolve("missing.gguf").toString());
    assertEquals(1, ran.code());
    assertTrue(ran.err().contains("\tat dev.lamina.gguf.GgufFile.open"), ran.err());
  }

  @Test
  void truncatedDownloadIsNamedWithItsFile() throws IOException {
    byte[] whole = Files.readAllBytes(DemoModel.file());
    Path file = Files.write(folder.resolve("half.gguf"), Arrays.copyOf(whole, whole.length / 2));
    Ran ran = Ran.lamina("inspect", file.toString());
    assertEquals(1, ran.code());
    assertTrue(ran.err().startsWith("lamina: " + file + ": "), ran.err());
    assertEquals(1, ran.err().lines().count(), ran.err());
  }

  @Test
  void inspectShowsTheBuiltInModel() {
    Ran ran = Ran.lamina("inspect");
    assertEquals(0, ran.code());
    assertTrue(ran.out().contains("  Architecture     qwen2\n"), ran.out());
    assertTrue(ran.out().contains("  Parameters       4.99 M (4989184)\n"), ran.out());
    assertTrue(ran.out().contains("  Bits per weight  8.54\n"), ran.out());
    assertTrue(ran.out().contains("token_embd.weight         Q8_0  256 x 1024"), ran.out());
  }

  @Test
  void inspectAsJsonHoldsEverything() {
    JsonObject json =
        JsonParser.parseString(Ran.lamina("inspect", "--json").out()).getAsJsonObject();
    assertEquals("qwen2", json.get("architecture").getAsString());
    assertTrue(json.get("supported").getAsBoolean());
    assertEquals(4_989_184, json.get("parameters").getAsLong());
    assertEquals(98, json.getAsJsonArray("tensors").size());
    JsonObject metadata = json.getAsJsonObject("metadata");
    assertEquals(1024, metadata.getAsJsonArray("tokenizer.ggml.tokens").size());
    assertFalse(metadata.get("tokenizer.ggml.add_bos_token").getAsBoolean());
    long bytes = 0;
    for (String type : json.getAsJsonObject("types").keySet()) {
      bytes += json.getAsJsonObject("types").getAsJsonObject(type).get("bytes").getAsLong();
    }
    assertEquals(8.0 * bytes / 4_989_184, json.get("bits_per_weight").getAsDouble(), 1e-9);
  }

  @Test
  void inspectPrintsTheTemplateAsItIs() {
    Ran ran = Ran.lamina("inspect", "--template");
    assertEquals(0, ran.code());
    assertTrue(ran.out().startsWith("{% for message in messages %}"), ran.out());
  }

  @Test
  void tokenizeKnowsSpecialTokens() {
    assertEquals("[1023]\n", Ran.lamina("tokenize", "--ids", "-p", "<|im_end|>").out());
    String plain = Ran.lamina("tokenize", "--ids", "--no-parse-special", "-p", "<|im_end|>").out();
    assertFalse(plain.contains("1023"), plain);
    assertEquals(
        "  1023 -> '<|im_end|>'\nTotal number of tokens: 1\n",
        Ran.lamina("tokenize", "--show-count", "-p", "<|im_end|>").out());
  }

  @Test
  void tokenizeReadsFiles() throws IOException {
    Path file = Files.writeString(folder.resolve("text"), "Once upon a time");
    JsonObject json =
        JsonParser.parseString(Ran.lamina("tokenize", "--json", "-f", file.toString()).out())
            .getAsJsonObject();
    JsonArray tokens = json.getAsJsonArray("tokens");
    assertEquals(json.get("count").getAsInt(), tokens.size());
    var text = new StringBuilder();
    tokens.forEach(t -> text.append(t.getAsJsonObject().get("piece").getAsString()));
    assertEquals("Once upon a time", text.toString());

    Files.write(file, new byte[] {(byte) 0xff});
    Ran ran = Ran.lamina("tokenize", "-f", file.toString());
    assertEquals(1, ran.code());
    assertEquals("lamina: " + file + ": is not UTF-8 text\n", ran.err());
  }

  @Test
  void devicesHaveTheCpuAndAReasonForEveryBackendWithout() {
    JsonObject json =
        JsonParser.parseString(Ran.lamina("devices", "--json").out()).getAsJsonObject();
    boolean cpu = false;
    for (var device : json.getAsJsonArray("devices")) {
      cpu |= device.getAsJsonObject().get("kind").getAsString().equals("cpu");
    }
    assertTrue(cpu);
    Ran ran = Ran.lamina("devices");
    assertEquals(0, ran.code());
    assertTrue(ran.out().contains("Vulkan: "), ran.out());
  }

  @Test
  void featuresSayTheSameInAllForms() {
    JsonObject json =
        JsonParser.parseString(Ran.lamina("features", "--json").out()).getAsJsonObject();
    Ran markdown = Ran.lamina("features", "--markdown");
    Ran text = Ran.lamina("features");
    assertEquals(0, text.code());
    for (var row : json.getAsJsonArray("features")) {
      String label = row.getAsJsonObject().get("label").getAsString();
      JsonObject vulkan =
          row.getAsJsonObject().getAsJsonObject("backends").getAsJsonObject("vulkan");
      assertTrue(text.out().contains(label), label);
      assertTrue(markdown.out().contains(label), label);
      if (label.startsWith("IQ")) {
        assertEquals("no", vulkan.get("state").getAsString(), label);
      }
    }
  }
}
