package dev.lamina.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChooseCommandTest {
  @TempDir private Path folder;

  private static String card() throws URISyntaxException {
    return Path.of(ChooseCommandTest.class.getResource("card-70b.md").toURI()).toString();
  }

  private static Ran choose(String what, String... flags) {
    List<String> all = new ArrayList<>(List.of("choose", what));
    all.addAll(List.of(flags));
    return Ran.lamina(all.toArray(String[]::new));
  }

  private static JsonObject json(String what, String... flags) {
    List<String> all = new ArrayList<>(List.of(flags));
    all.add("--json");
    Ran ran = choose(what, all.toArray(String[]::new));
    assertEquals(0, ran.code(), ran.err());
    return JsonParser.parseString(ran.out()).getAsJsonObject();
  }

  private static String answer(JsonObject json, String which) {
    JsonElement type = json.getAsJsonObject(which).get("type");
    return type.isJsonNull() ? "none" : type.getAsString();
  }

  @Test
  void namesThatNoFileCanHaveAreTold() throws IOException {
    Path list =
        Files.writeString(
            folder.resolve("list.json"), "[{\"name\": \"a\\u0000-Q4_0.gguf\", \"size\": 1}]");
    Ran ran = Ran.lamina("choose", list.toString());
    assertEquals(1, ran.code());
    assertTrue(ran.err().contains("cannot be the name of a file here"), ran.err());
  }

  @Test
  void aPatternThatIsNoneIsTold() {
    Ran ran = Ran.lamina("choose", "--include", "[", folder.toString());
    assertEquals(1, ran.code());
    assertTrue(ran.err().startsWith("lamina: --include: '[' is no pattern: "), ran.err());
  }

  @Test
  void tableAndJsonSayTheSame() throws URISyntaxException {
    String[] flags = {"--vram", "24G", "--ram", "64G", "--device", "cuda"};
    JsonObject json = json(card(), flags);
    assertEquals("IQ2_M", answer(json, "fastest"));
    assertEquals("Q8_0", answer(json, "best_quality"));
    assertEquals(23, json.getAsJsonArray("files").size());
    assertEquals(25_769_803_776L, json.get("vram_bytes").getAsLong());
    Ran text = choose(card(), flags);
    assertEquals("", text.err());
    assertTrue(text.out().contains("24.00 GiB (25.77 GB)"), text.out());
    assertTrue(text.out().contains("\n  fastest  IQ2_M    24.12 GB"), text.out());
    assertTrue(text.out().contains("\nFastest: Model-70B-IQ2_M.gguf: "), text.out());
    assertTrue(text.out().contains("\nBest quality: Model-70B-Q8_0.gguf: "), text.out());
    assertTrue(text.out().contains("G on the command line is GiB"), text.out());
  }

  @Test
  void aBackendCanBeNamedForAnotherMachine() throws URISyntaxException {
    JsonObject vulkan = json(card(), "--vram", "16G", "--ram", "16G", "--device", "Vulkan");
    assertEquals("none", answer(vulkan, "fastest"));
    assertEquals("Q3_K_S", answer(vulkan, "best_quality"));
    JsonObject two = json(card(), "--vram", "24G,24G", "--ram", "8G", "--device", "rocm");
    assertEquals("Q5_K_M", answer(two, "fastest"));
    JsonObject none = json(card(), "--device", "none", "--ram", "64G");
    assertEquals("Q6_K", answer(none, "best_quality"));
    assertEquals(0, none.getAsJsonArray("gpus").size());
    assertEquals("Q6_K", answer(json(card(), "--vram", "0", "--ram", "64G"), "best_quality"));
  }

  @Test
  void aCardWithoutABackendIsTakenForCudaAndSaysSo() throws URISyntaxException {
    JsonObject json = json(card(), "--vram", "24G", "--ram", "64G", "--device", "cuda");
    assertEquals(0, json.getAsJsonArray("notes").size());
    Ran ran = choose(card(), "--vram", "24G", "--ram", "64G");
    assumeFalse(Ran.lamina("devices", "--json").out().contains("discrete_gpu"));
    assertTrue(ran.out().contains("Note: the GPU is taken to be a CUDA one"), ran.out());
  }

  @Test
  void findsTheMemoryOfThisMachine() throws URISyntaxException {
    JsonObject devices =
        JsonParser.parseString(Ran.lamina("devices", "--json").out()).getAsJsonObject();
    long ram = 0;
    for (JsonElement device : devices.getAsJsonArray("devices")) {
      if (device.getAsJsonObject().get("id").getAsString().equals("CPU")) {
        ram = device.getAsJsonObject().get("memory_total").getAsLong();
      }
    }
    assertTrue(ram > 0);
    assertEquals(ram, json(card(), "--device", "none").get("ram_bytes").getAsLong());
  }

  @Test
  void theContextOfAListNeedsAShape() throws URISyntaxException {
    String[] machine = {"--vram", "24G", "--ram", "64G", "--device", "cuda", "-c", "8192"};
    JsonObject unknown = json(card(), machine);
    assertEquals(1_500_000_000L, unknown.get("reserve_bytes").getAsLong());
    assertTrue(unknown.get("notes").toString().contains("--shape"), unknown.toString());
    List<String> flags = new ArrayList<>(List.of(machine));
    flags.addAll(List.of("--shape", "llama-70b"));
    JsonObject known = json(card(), flags.toArray(String[]::new));
    assertEquals("IQ2_S", answer(known, "fastest"));
    flags.addAll(List.of("-ctk", "q8_0", "-ctv", "q8_0"));
    JsonObject small = json(card(), flags.toArray(String[]::new));
    long saved = known.get("reserve_bytes").getAsLong() - small.get("reserve_bytes").getAsLong();
    // A block of 32 values takes 34 bytes instead of 64.
    assertEquals(80L * 8 * 128 * 2 * 2 * 8192 * 30 / 64, saved);
  }

  @Test
  void aFolderIsReadWithItsFiles() throws IOException {
    Files.copy(DemoModel.file(), folder.resolve("unnamed.gguf"));
    Files.writeString(folder.resolve("mmproj-x-f16.gguf"), "none");
    Files.writeString(folder.resolve("notes.txt"), "none");
    Files.writeString(folder.resolve("broken.gguf"), "none");
    JsonObject json = json(folder.toString(), "--device", "none", "--ram", "64G", "-c", "512");
    // The type from the file itself.
    assertEquals("Q8_0", answer(json, "best_quality"));
    assertEquals(2, json.getAsJsonArray("files").size());
    assertTrue(json.get("files").toString().contains("unknown"), json.toString());
    assertTrue(json.get("left_out").toString().contains("mmproj"), json.toString());
  }

  @Test
  void severalModelsAreToldApart() throws IOException {
    Path list = Files.writeString(folder.resolve("list"), "a-Q8_0.gguf 8 GB\nb-Q4_0.gguf 4 GB\n");
    Ran ran = choose(list.toString(), "--device", "none", "--ram", "8G");
    assertEquals(1, ran.code());
    assertTrue(ran.err().contains("several models (a, b)"), ran.err());
    JsonObject json = json(list.toString(), "--device", "none", "--ram", "8G", "--include", "b-*");
    assertEquals("Q4_0", answer(json, "best_quality"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"--vram 24", "--ram x", "-c -1"})
  void wrongUsageIsCode2(String flags) throws URISyntaxException {
    assertEquals(2, choose(card(), flags.split(" ")).code());
  }

  @Test
  void devicesThatAreNotHereAreNamed() throws URISyntaxException {
    Ran ran = choose(card(), "--device", "Nothing7");
    assertEquals(1, ran.code());
    assertTrue(ran.err().startsWith("lamina: no device is named 'Nothing7' here"), ran.err());
    assertEquals(1, ran.err().lines().count(), ran.err());
  }
}
