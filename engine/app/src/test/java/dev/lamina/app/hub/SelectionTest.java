package dev.lamina.app.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SelectionTest {
  private static final List<String> PATHS =
      List.of(
          "README.md",
          "mmproj-m-Q4_K_M.gguf",
          "m-imatrix.gguf",
          "m-IQ4_NL.gguf",
          "m-Q4_K_M.gguf",
          "m-Q8_0.gguf",
          "big/m-Q6_K-00002-of-00002.gguf",
          "big/m-Q6_K-00001-of-00002.gguf",
          "m-Q5_K_M-00001-of-00003.gguf");

  private static List<String> model(String quant, List<String> paths) {
    return Selection.model(new RepoName("o/r", quant), paths);
  }

  @Test
  void withoutAWordItIsWhatLlamaCppTakes() {
    assertEquals(List.of("m-Q4_K_M.gguf"), model(null, PATHS));
    assertEquals(
        List.of("m-Q8_0.gguf"), model(null, List.of("m-Q2_K.gguf", "m-Q8_0.gguf", "m-F16.gguf")));
    assertEquals(
        List.of("m-Q2_K.gguf"), model(null, List.of("a.txt", "m-Q2_K.gguf", "m-F16.gguf")));
  }

  @ParameterizedTest
  @CsvSource({"q8_0,m-Q8_0.gguf", "IQ4_NL,m-IQ4_NL.gguf", "Q4_K_M,m-Q4_K_M.gguf"})
  void quantsAreFoundInAnyCase(String quant, String path) {
    assertEquals(List.of(path), model(quant, PATHS));
  }

  @Test
  void splitModelsAreWholeAndInOrder() {
    assertEquals(
        List.of("big/m-Q6_K-00001-of-00002.gguf", "big/m-Q6_K-00002-of-00002.gguf"),
        model("Q6_K", PATHS));
    HubException e = assertThrows(HubException.class, () -> model("Q5_K_M", PATHS));
    assertTrue(e.getMessage().contains("only 1 of the 3 parts"), e.getMessage());
  }

  @Test
  void aPartOfAWordIsNoQuant() {
    HubException e = assertThrows(HubException.class, () -> model("Q4_NL", PATHS));
    assertTrue(
        e.getMessage().contains("has no Q4_NL file; there are m-IQ4_NL.gguf"), e.getMessage());
    assertFalse(e.getMessage().contains("mmproj"), e.getMessage());
    e = assertThrows(HubException.class, () -> model(null, List.of("a.safetensors")));
    assertTrue(e.getMessage().contains("has no GGUF files of a model"), e.getMessage());
  }

  @Test
  void globsMatchNamesAndPathsAndBringAllParts() {
    assertEquals(
        List.of("mmproj-m-Q4_K_M.gguf", "m-Q4_K_M.gguf"),
        Selection.matching("o/r", "*Q4_K_M*", PATHS));
    assertEquals(
        List.of("big/m-Q6_K-00001-of-00002.gguf", "big/m-Q6_K-00002-of-00002.gguf"),
        Selection.matching("o/r", "*00002-of-00002*", PATHS));
    assertEquals(List.of("README.md"), Selection.file("o/r", "readme.md", PATHS));
    assertThrows(HubException.class, () -> Selection.matching("o/r", "*.bin", PATHS));
  }

  @ParameterizedTest
  @CsvSource({
    "owner/Model-GGUF,owner/Model-GGUF,",
    "owner/Model-GGUF:Q4_K_M,owner/Model-GGUF,Q4_K_M",
    "https://huggingface.co/o/m.v1/,o/m.v1,",
    "hf.co/o/m:q8_0,o/m,q8_0"
  })
  void namesAreRead(String text, String repo, String quant) {
    assertEquals(new RepoName(repo, quant), RepoName.parse(text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "a", "a/b/c", "../x", "a/..", "a/b:", "a b/c", "a--b/c", "/a/b", "a/b:c/d"})
  void otherTextsAreNoNames(String text) {
    assertThrows(HubException.class, () -> RepoName.parse(text));
  }
}
