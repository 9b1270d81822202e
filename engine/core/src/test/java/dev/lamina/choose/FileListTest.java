package dev.lamina.choose;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.LaminaException;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FileListTest {
  @Test
  void partsCountAsOneAndOthersAreLeftOut() {
    FileList list =
        FileList.of(
            List.of(
                new FileList.Entry("README.md", 10),
                new FileList.Entry("m.imatrix", 20),
                new FileList.Entry("F32.logits.f32", 20),
                new FileList.Entry("m-imatrix.gguf", 20),
                new FileList.Entry("mmproj-m-f16.gguf", 30),
                new FileList.Entry("m-Q4_K_M.gguf", 400),
                new FileList.Entry("Q8_0/m-Q8_0-00002-of-00002.gguf", 390),
                new FileList.Entry("Q8_0/m-Q8_0-00001-of-00002.gguf", 410),
                new FileList.Entry("m-Q6_K-00001-of-00003.gguf", 1),
                new FileList.Entry("m-Q6_K-00003-of-00003.gguf", 1)));
    assertEquals(
        List.of(
            new ModelFile("Q8_0/m-Q8_0-00001-of-00002.gguf", Quant.Q8_0, 800, 2),
            new ModelFile("m-Q4_K_M.gguf", Quant.Q4_K_M, 400, 1)),
        list.models());
    assertEquals(
        Set.of(
            "README.md",
            "m.imatrix",
            "F32.logits.f32",
            "m-imatrix.gguf",
            "mmproj-m-f16.gguf",
            "m-Q6_K-00001-of-00003.gguf"),
        list.leftOut().keySet());
    assertEquals(
        "only 2 of its 3 parts are there", list.leftOut().get("m-Q6_K-00001-of-00003.gguf"));
    assertEquals("a projector for images", list.leftOut().get("mmproj-m-f16.gguf"));
  }

  @Test
  void severalModelsAreTold() {
    FileList list =
        FileList.of(
            List.of(
                new FileList.Entry("a-7B-Q8_0.gguf", 1),
                new FileList.Entry("a-7B-Q4_0.gguf", 1),
                new FileList.Entry("sub/b.Q4_0.gguf", 1),
                new FileList.Entry("c-UD-Q4_K_XL.gguf", 1)));
    assertEquals(Set.of("a-7B", "b"), list.modelNames());
  }

  @Test
  void readsTheTableOfACard() {
    String card =
        """
        ## Download a file (not the whole branch) from below:

        | Filename | Quant type | File Size | Split | Description |
        | -------- | ---------- | --------- | ----- | ----------- |
        | [M-70B-Q8_0.gguf](https://h/M-70B-Q8_0.gguf) | Q8_0 | 74.98GB | true | Extremely high quality |
        | [M-70B-IQ1_M.gguf](https://h/M-70B-IQ1_M.gguf) | IQ1_M | 16.75GB | false | not recommended. |
        """;
    assertEquals(
        List.of(
            new FileList.Entry("M-70B-Q8_0.gguf", 74_980_000_000L),
            new FileList.Entry("M-70B-IQ1_M.gguf", 16_750_000_000L)),
        ListText.read(card, "card"));
  }

  @Test
  void readsJson() {
    List<FileList.Entry> expected = List.of(new FileList.Entry("a-Q4_0.gguf", 5_000_000_000L));
    for (String json :
        List.of(
            "{\"a-Q4_0.gguf\": 5000000000}",
            "[{\"path\": \"a-Q4_0.gguf\", \"size\": 5000000000},"
                + " {\"path\": \"x\", \"type\": \"directory\", \"size\": 0}]",
            "[{\"name\": \"a-Q4_0.gguf\", \"size\": \"5GB\"}]")) {
      assertEquals(expected, ListText.read(json, "list"), json);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "nothing here",
        "[1, 2]",
        "[{\"name\": \"a\"}]",
        "{\"a\": [}",
        "Q4_K_M",
        "{\"a\": \"x\"}"
      })
  void whatIsNoListIsRefused(String text) {
    assertThrows(LaminaException.class, () -> ListText.read(text, "list"));
  }

  @ParameterizedTest
  @CsvSource({
    "24G,25769803776",
    "24GB,25769803776",
    "24 GiB,25769803776",
    "500M,524288000",
    "0,0",
    "1.5t,1649267441664"
  })
  void memoryIsBinary(String text, long bytes) {
    assertEquals(bytes, Sizes.memory(text));
  }

  @ParameterizedTest
  @CsvSource({
    "42.52GB,42520000000",
    "42.52G,42520000000",
    "1GiB,1073741824",
    "900 MB,900000000",
    "77,77"
  })
  void filesAreDecimal(String text, long bytes) {
    assertEquals(bytes, Sizes.file(text));
  }

  @ParameterizedTest
  @ValueSource(strings = {"24", "", "G", "-1G", "24X", "1e3G"})
  void memoryNeedsAUnit(String text) {
    LaminaException e = assertThrows(LaminaException.class, () -> Sizes.memory(text));
    assertTrue(e.getMessage().contains("such as 24G"), e.getMessage());
  }
}
