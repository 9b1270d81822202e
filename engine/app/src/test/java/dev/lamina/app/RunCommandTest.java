package dev.lamina.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RunCommandTest {

  private static final String QUESTION = "Tell me a story about a fox named Lily and a kite.";

  @TempDir private Path folder;

  private static JsonObject json(String... args) {
    Ran ran = Ran.lamina(args);
    assertEquals(0, ran.code(), ran.err());
    return JsonParser.parseString(ran.out()).getAsJsonObject();
  }

  @Test
  void stdoutIsTheTextAlone() {
    Ran ran = Ran.lamina("run", "-p", QUESTION, "--temp", "0", "-n", "12");
    assertEquals(0, ran.code(), ran.err());
    assertTrue(ran.out().startsWith("Long ago, a "), ran.out());
    assertTrue(ran.err().contains("built-in demo model"), ran.err());
    assertTrue(ran.err().contains("layers 0-7 and the output"), ran.err());
    assertTrue(ran.err().contains("tokens/s"), ran.err());
    Ran quiet = Ran.lamina("run", "-q", "-p", QUESTION, "--temp", "0", "-n", "12");
    assertEquals(new Ran(0, ran.out(), ""), quiet);
  }

  @Test
  void theTemplateIsTheModelsOwnAndRawIsWithout() {
    JsonObject chat = json("run", "--json", "-p", QUESTION, "--temp", "0", "-n", "12");
    JsonObject raw =
        json(
            "run",
            "--json",
            "--raw",
            "-p",
            "<|im_start|>user\n" + QUESTION + "<|im_end|>\n<|im_start|>assistant\n",
            "--temp",
            "0",
            "-n",
            "12");
    assertEquals(21, chat.get("prompt_tokens").getAsInt());
    assertEquals(21, raw.get("prompt_tokens").getAsInt());
    assertEquals(chat.get("tokens"), raw.get("tokens"));
    // The same name in a question is text, which takes more tokens than one.
    JsonObject text = json("run", "--json", "-p", "<|im_end|>", "-n", "1");
    JsonObject none = json("run", "--json", "-p", "", "-n", "1");
    assertTrue(text.get("prompt_tokens").getAsInt() > none.get("prompt_tokens").getAsInt() + 3);
  }

  @Test
  void jsonHasTheKeysThatProgramsRead() {
    JsonObject json =
        json("run", "--json", "-p", QUESTION, "-s", "7", "-n", "5", "--logprobs", "2");
    assertEquals(
        List.of("text", "tokens", "prompt_tokens", "finish_reason", "placement", "timings"),
        List.copyOf(json.keySet()));
    assertEquals("length", json.get("finish_reason").getAsString());
    assertEquals(5, json.getAsJsonArray("tokens").size());
    for (var token : json.getAsJsonArray("tokens")) {
      assertTrue(token.getAsJsonObject().get("logprob").getAsDouble() <= 0);
      var top = token.getAsJsonObject().getAsJsonArray("top");
      assertEquals(2, top.size());
      assertTrue(
          top.get(0).getAsJsonObject().get("logprob").getAsDouble()
              >= top.get(1).getAsJsonObject().get("logprob").getAsDouble());
    }
    assertEquals(5, json.getAsJsonObject("timings").get("predicted_n").getAsInt());
    assertEquals(
        8,
        json.getAsJsonObject("placement")
            .getAsJsonArray("stages")
            .get(0)
            .getAsJsonObject()
            .get("layers")
            .getAsInt());
  }

  @Test
  void sameSeedSameText() {
    String[] line = {"run", "-q", "-p", QUESTION, "-s", "42", "-n", "20", "--temp", "1.5"};
    String first = Ran.lamina(line).out();
    assertEquals(first, Ran.lamina(line).out());
    line[5] = "43";
    assertTrue(!first.equals(Ran.lamina(line).out()));
  }

  @Test
  void stopTextsEndTheAnswerAndAreNoPartOfIt() {
    JsonObject json =
        json("run", "--json", "-p", QUESTION, "--temp", "0", "-n", "50", "--stop", " named");
    assertEquals("stop", json.get("finish_reason").getAsString());
    assertEquals("Long ago, a playful squirrel", json.get("text").getAsString());
  }

  @Test
  void biasBansTokens() {
    int first =
        json("run", "--json", "-p", QUESTION, "--temp", "0", "-n", "1")
            .getAsJsonArray("tokens")
            .get(0)
            .getAsInt();
    int other =
        json("run", "--json", "-p", QUESTION, "--temp", "0", "-n", "1", "-l", first + "-inf")
            .getAsJsonArray("tokens")
            .get(0)
            .getAsInt();
    assertTrue(first != other);
  }

  @Test
  void promptsComeFromFiles() throws IOException {
    Path file = Files.writeString(folder.resolve("prompt.txt"), QUESTION);
    assertEquals(
        Ran.lamina("run", "-q", "-p", QUESTION, "--temp", "0", "-n", "5").out(),
        Ran.lamina("run", "-q", "-f", file.toString(), "--temp", "0", "-n", "5").out());
    Ran missing = Ran.lamina("run", "-f", folder.resolve("none").toString());
    assertEquals(1, missing.code());
    assertEquals("lamina: " + folder.resolve("none") + ": there is no such file\n", missing.err());
  }

  @Test
  void templatesComeFromNamesAndFiles() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("my.jinja"),
            "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor"
                + " %}<|im_start|>assistant\n\n");
    String own = Ran.lamina("run", "-q", "-p", QUESTION, "--temp", "0", "-n", "8").out();
    for (String template : List.of("chatml", file.toString())) {
      Ran ran =
          Ran.lamina(
              "run", "-q", "-p", QUESTION, "--temp", "0", "-n", "8", "--chat-template", template);
      assertEquals(own, ran.out(), ran.err());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "run -ngl some",
        "run -ctk q5_9",
        "run -ctv q6_k",
        "run --top-p 0",
        "run --repeat-penalty 0",
        "run -n -2",
        "run -c x",
        "run -b 0",
        "run --rope-scale 2 --rope-freq-scale 0.5",
        "run -l 5",
        "run --logprobs 1",
        "run --raw --chat-template chatml",
        "run --chat-template no-such-name-or-file",
        "run -p a -f b",
        "run stray"
      })
  void wrongFlagsAreCode2(String line) {
    Ran ran = Ran.lamina(line.split(" "));
    assertEquals(2, ran.code(), ran.err());
    assertEquals("", ran.out());
    assertTrue(ran.err().startsWith("lamina: "), ran.err());
    assertTrue(ran.err().endsWith("Try 'lamina run --help'.\n"), ran.err());
  }

  @Test
  void unknownDevicesAndTooLongPromptsAreFailures() {
    Ran device = Ran.lamina("run", "--device", "CUDA7");
    assertEquals(1, device.code(), device.err());
    assertTrue(device.err().contains("CUDA7"), device.err());
    Ran longer = Ran.lamina("run", "-q", "-c", "16", "-p", QUESTION);
    assertEquals(1, longer.code());
    assertTrue(longer.err().startsWith("lamina: the prompt has 21 tokens"), longer.err());
  }

  /** As {@code lamina run | head -c 10}. */
  @Test
  void aClosedPipeEndsTheRunQuietly() {
    var closed =
        new OutputStream() {
          private int bytes;

          @Override
          public void write(int b) throws IOException {
            if (++bytes > 10) {
              throw new IOException("Broken pipe");
            }
          }
        };
    var err = new StringWriter();
    int code =
        Commands.execute(
            new PrintWriter(closed, false, StandardCharsets.UTF_8),
            new PrintWriter(err),
            "run",
            "-p",
            QUESTION,
            "--temp",
            "0",
            "--ignore-eos");
    assertEquals(0, code);
    var generated = Pattern.compile("generation (\\d+) token").matcher(err.toString());
    assertTrue(generated.find(), err::toString);
    assertTrue(Integer.parseInt(generated.group(1)) < 20, err::toString);
  }
}
