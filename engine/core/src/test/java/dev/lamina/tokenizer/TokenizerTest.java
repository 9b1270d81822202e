package dev.lamina.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TokenizerTest {
  private static Map<String, Object> chatml() {
    return Vocabularies.bpe(
        List.of("h e", "l l", "he ll", "hell o", "Ġ hello", "1 2"),
        List.of("<|endoftext|>", "<|im_start|>", "<|im_end|>"),
        List.of("<think>"));
  }

  private static Map<String, Object> llama() {
    return Vocabularies.spm(
        List.of("▁", "h", "i", "hi", "▁hi", "▁▁", "\n"),
        List.of(-9f, -8f, -7f, -3f, -2f, -1f, -5f));
  }

  @Test
  void controlTokensOnlyWhereAskedFor() {
    Tokenizer t = Vocabularies.tokenizer(chatml());
    int start = t.find("<|im_start|>").orElseThrow();
    int end = t.find("<|im_end|>").orElseThrow();
    assertArrayEquals(
        new int[] {start, 259, 260, end},
        t.encode("<|im_start|>hello hello<|im_end|>", true, true));
    int[] plain = t.encode("<|im_end|>", true, false);
    assertEquals(10, plain.length);
    assertEquals("<|im_end|>", t.decode(plain));
  }

  @Test
  void userDefinedTokensAlways() {
    Tokenizer t = Vocabularies.tokenizer(chatml());
    int think = t.find("<think>").orElseThrow();
    assertArrayEquals(new int[] {259, think, 260}, t.encode("hello<think> hello", false, false));
    assertTrue(t.isSpecial(think));
    assertFalse(t.isControl(think));
    assertEquals("<think>", t.decode(think));
  }

  @Test
  void wellKnownTokensEndAnAnswer() {
    Tokenizer t = Vocabularies.tokenizer(chatml());
    int end = t.find("<|im_end|>").orElseThrow();
    int text = t.find("<|endoftext|>").orElseThrow();
    assertEquals(OptionalInt.of(end), t.eot());
    assertEquals(OptionalInt.empty(), t.eos());
    assertArrayEquals(new int[] {text, end}, t.endOfGeneration());
    assertTrue(t.isEndOfGeneration(end));
    assertFalse(t.isEndOfGeneration(t.find("<|im_start|>").orElseThrow()));
    assertFalse(t.isEndOfGeneration(-1));
    assertFalse(t.isEndOfGeneration(1_000_000));
  }

  @Test
  void theFilesOwnIdsCount() {
    Map<String, Object> keys = chatml();
    keys.put("tokenizer.ggml.eos_token_id", 260);
    keys.put("tokenizer.ggml.eot_token_id", 259);
    keys.put("tokenizer.ggml.bos_token_id", 258);
    keys.put("tokenizer.ggml.add_bos_token", true);
    keys.put("tokenizer.ggml.add_eos_token", true);
    Tokenizer t = Vocabularies.tokenizer(keys);
    assertArrayEquals(new int[] {258, 'a', 260}, t.encode("a", true, false));
    assertArrayEquals(new int[] {'a'}, t.encode("a", false, false));
    assertArrayEquals(new int[] {258, 260}, t.encode("", true, false));
    assertTrue(t.isEndOfGeneration(259));
    assertTrue(t.isEndOfGeneration(260));
  }

  /** Of gpt-oss: a message's end does not end the answer where calls and returns do. */
  @Test
  void endOfAPartIsNoEnd() {
    Tokenizer t =
        Vocabularies.tokenizer(
            Vocabularies.bpe(
                List.of("a b"),
                List.of("<|end|>", "<|return|>", "<|call|>", "<|channel|>"),
                List.of()));
    assertFalse(t.isEndOfGeneration(t.find("<|end|>").orElseThrow()));
    assertTrue(t.isEndOfGeneration(t.find("<|return|>").orElseThrow()));
    assertEquals(TokenType.USER_DEFINED, t.type(t.find("<|channel|>").orElseThrow()));
  }

  @Test
  void llamaBpeTakesWholeWordsAndBegins() {
    Map<String, Object> keys = chatml();
    keys.put("tokenizer.ggml.pre", "llama-bpe");
    keys.put("tokenizer.ggml.bos_token_id", 262);
    List<String> merges = List.of("h e");
    keys.put("tokenizer.ggml.merges", merges);
    Tokenizer t = Vocabularies.tokenizer(keys);
    assertTrue(t.addBos());
    assertArrayEquals(new int[] {262, 259}, t.encode("hello", true, false));
    keys.put("tokenizer.ggml.pre", "qwen2");
    assertArrayEquals(
        new int[] {256, 'l', 'l', 'o'}, Vocabularies.tokenizer(keys).encode("hello", true, false));
  }

  @Test
  void spacePrefixBeforeEachText() {
    Tokenizer t = Vocabularies.tokenizer(llama());
    int hi = t.find("▁hi").orElseThrow();
    assertArrayEquals(new int[] {1, hi, 2, hi}, t.encode("hi</s>hi", true, true));
    assertArrayEquals(new int[] {1, hi, hi}, t.encode("hi hi", true, true));
    assertArrayEquals(new int[] {1}, t.encode("", true, true));
    Map<String, Object> keys = llama();
    keys.put("tokenizer.ggml.add_space_prefix", false);
    keys.put("tokenizer.ggml.add_bos_token", false);
    Tokenizer without = Vocabularies.tokenizer(keys);
    assertArrayEquals(
        new int[] {without.find("hi").orElseThrow()}, without.encode("hi", true, true));
    assertEquals(" hi", without.decode(without.encode(" hi", true, true)));
  }

  @Test
  void bytesWhereThereIsNoToken() {
    Tokenizer t = Vocabularies.tokenizer(llama());
    int[] ids = t.encode("é", false, false);
    assertArrayEquals(new int[] {259, 3 + 0xC3, 3 + 0xA9}, ids);
    assertEquals("é", t.decode(ids));
  }

  @Test
  void phi3SwallowsBlanksBehindSpecialTokens() {
    Map<String, Object> keys = llama();
    keys.put("general.name", "Phi3");
    int hi = Vocabularies.tokenizer(keys).find("▁hi").orElseThrow();
    int[] ids = Vocabularies.tokenizer(keys).encode("</s> \n hi<s> hi", false, true);
    assertArrayEquals(Arrays.copyOf(new int[] {2, hi, 1}, 3), Arrays.copyOf(ids, 3));
    assertEquals(5, ids.length, "<s> does not: its blank and the prefix stand before the text");
  }

  @Test
  void mergesOverSymbolsThatAreNoTokens() {
    Map<String, Object> keys = Vocabularies.bpe(List.of("a b"), List.of(), List.of());
    keys.put("tokenizer.ggml.merges", List.of("a b", "c d", "ab cd"));
    Tokenizer t = Vocabularies.tokenizer(keys);
    assertEquals(1, t.warnings().size());
    assertTrue(
        t.warnings().getFirst().contains("2 of tokenizer.ggml.merges"), t.warnings()::getFirst);
    assertArrayEquals(new int[] {256}, t.encode("ab", false, false));
    assertArrayEquals(new int[] {'a', 'b', 'c', 'd'}, t.encode("abcd", false, false));
  }

  @Test
  void anyStringIsEncodedAndComesBack() {
    Map<String, Object> spm = llama();
    List<Tokenizer> all = new ArrayList<>(List.of(Vocabularies.tokenizer(spm)));
    for (String pre : PreTokenizer.known()) {
      Map<String, Object> keys = chatml();
      keys.put("tokenizer.ggml.pre", pre);
      all.add(Vocabularies.tokenizer(keys));
    }
    Random random = new Random(11);
    for (int round = 0; round < 200; round++) {
      String text = Vocabularies.random(random, random.nextInt(60)).replace('▁', '_');
      String expected = Vocabularies.wellFormed(text);
      for (Tokenizer t : all) {
        assertEquals(expected, t.decode(t.encode(text, false, false)), t.preTokenizer());
        assertEquals(expected, t.decode(t.encode(text, false, true), true), t.preTokenizer());
      }
    }
  }

  @Test
  void longWordsAreMergedInTimeThatGrowsWithTheirLength() {
    Tokenizer t = Vocabularies.tokenizer(chatml());
    String word = "hello".repeat(200_000);
    long start = System.nanoTime();
    assertEquals(200_000, t.encode(word, false, false).length);
    assertTrue(System.nanoTime() - start < 20_000_000_000L);
  }

  @Test
  void missingPreTokenizerIsAWarning() {
    Map<String, Object> keys = chatml();
    keys.remove("tokenizer.ggml.pre");
    Tokenizer t = Vocabularies.tokenizer(keys);
    assertEquals("", t.preTokenizer());
    assertEquals(1, t.warnings().size());
    assertEquals("gpt2", t.model());
  }

  @Test
  void paddingOutsideTheVocabularyIsAWarning() {
    Map<String, Object> keys = llama();
    keys.put("tokenizer.ggml.padding_token_id", 32000);
    Tokenizer t = Vocabularies.tokenizer(keys);
    assertEquals(OptionalInt.empty(), t.padding());
    assertEquals(1, t.warnings().size());
  }
}
