package dev.lamina.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.LaminaException;
import dev.lamina.gguf.Metadata;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Vocabularies that broke other readers, and nonsense at random: one clear sentence each. */
class BadVocabularyTest {
  private static Map<String, Object> bpe() {
    return Vocabularies.bpe(List.of("a b", "ab c"), List.of("<|im_end|>"), List.of("<think>"));
  }

  private static Map<String, Object> spm() {
    return Vocabularies.spm(List.of("▁", "a", "▁a"), List.of(-1f, -2f, -3f));
  }

  private static String refused(Map<String, Object> keys, Consumer<Map<String, Object>> change) {
    change.accept(keys);
    LaminaException e = assertThrows(LaminaException.class, () -> Vocabularies.tokenizer(keys));
    assertTrue(e.getMessage().startsWith("made-up: "), e::getMessage);
    assertFalse(e.getMessage().contains("\n"), e::getMessage);
    return e.getMessage();
  }

  @SuppressWarnings("unchecked")
  private static <T> void set(Map<String, Object> keys, String key, int index, T value) {
    List<T> list = new ArrayList<>((List<T>) keys.get(key));
    list.set(index, value);
    keys.put(key, list);
  }

  @Test
  void byteTokensThatNameNoByte() {
    for (String text : List.of("<0x-1>", "<0xZZ>", "<0x100>", "<0x>", "0x41", "<0x４１>")) {
      assertEquals(
          "made-up: tokenizer.ggml.tokens[3] is '"
              + text
              + "', but its type says that it is a byte, written <0x00> to <0xFF>",
          refused(spm(), keys -> set(keys, "tokenizer.ggml.tokens", 3, text)));
    }
  }

  @Test
  void scoresOfAnotherType() {
    String message = refused(spm(), keys -> keys.put("tokenizer.ggml.scores", new int[262]));
    assertTrue(message.contains("tokenizer.ggml.scores"), message);
  }

  @Test
  void tooFewScoresOrTypes() {
    assertEquals(
        "made-up: tokenizer.ggml.scores has 261 values for 262 tokens",
        refused(spm(), keys -> keys.put("tokenizer.ggml.scores", new float[261])));
    assertEquals(
        "made-up: tokenizer.ggml.token_type has 0 values for 260 tokens",
        refused(bpe(), keys -> keys.put("tokenizer.ggml.token_type", new int[0])));
  }

  @Test
  void mergesThatAreNoPairs() {
    for (String merge : List.of("", " ", "a", "ab", "a ", " b", "  ")) {
      assertEquals(
          "made-up: tokenizer.ggml.merges[1] is '"
              + merge
              + "', not two symbols with a blank between",
          refused(bpe(), keys -> keys.put("tokenizer.ggml.merges", List.of("a b", merge))));
    }
  }

  @Test
  void beginOrEndOutsideTheVocabulary() {
    assertEquals(
        "made-up: tokenizer.ggml.bos_token_id is 260, but the vocabulary has 260 tokens",
        refused(bpe(), keys -> keys.put("tokenizer.ggml.bos_token_id", 260)));
    assertEquals(
        "made-up: tokenizer.ggml.eos_token_id is -2, but the vocabulary has 262 tokens",
        refused(spm(), keys -> keys.put("tokenizer.ggml.eos_token_id", -2)));
    assertTrue(
        refused(bpe(), keys -> keys.put("tokenizer.ggml.bos_token_id", "one"))
            .contains("tokenizer.ggml.bos_token_id"));
  }

  @Test
  void bosWantedButNotNamed() {
    assertEquals(
        "made-up: tokenizer.ggml.add_bos_token is true, but tokenizer.ggml.bos_token_id is not set",
        refused(bpe(), keys -> keys.put("tokenizer.ggml.add_bos_token", true)));
  }

  @Test
  void noTokens() {
    String expected = "made-up: tokenizer.ggml.tokens is missing or empty";
    assertEquals(expected, refused(bpe(), k -> k.put("tokenizer.ggml.tokens", List.of())));
    assertEquals(expected, refused(spm(), k -> k.remove("tokenizer.ggml.tokens")));
  }

  /** A header may claim any size; only what is in the file counts. */
  @Test
  void aVocabularySizeFromAHeaderAlone() {
    Map<String, Object> keys = new LinkedHashMap<>();
    keys.put("llama.vocab_size", 4_000_000_000L);
    assertEquals("made-up: there is no vocabulary (tokenizer.ggml.model)", refused(keys, _ -> {}));
    assertEquals(
        "made-up: the file says that it holds no vocabulary (tokenizer.ggml.model = no_vocab)",
        refused(keys, k -> k.put("tokenizer.ggml.model", "no_vocab")));
  }

  @Test
  void duplicates() {
    assertEquals(
        "made-up: tokenizer.ggml.tokens has '<0x00>' twice, as 3 and 4",
        refused(spm(), keys -> set(keys, "tokenizer.ggml.tokens", 4, "<0x00>")));
    assertEquals(
        "made-up: tokenizer.ggml.tokens has 'abc' twice, as 257 and 258",
        refused(bpe(), keys -> set(keys, "tokenizer.ggml.tokens", 258, "abc")));
    assertEquals(
        "made-up: tokenizer.ggml.tokens has '日本' twice, as 257 and 258",
        refused(
            bpe(),
            keys -> {
              set(keys, "tokenizer.ggml.tokens", 257, "日本");
              set(keys, "tokenizer.ggml.tokens", 258, "日本");
            }));
  }

  @Test
  void unknownKinds() {
    assertEquals(
        "made-up: tokenizer.ggml.model 'bert' is not known; known are gpt2 (byte-pair encoding)"
            + " and llama (SentencePiece)",
        refused(bpe(), keys -> keys.put("tokenizer.ggml.model", "bert")));
    String message = refused(bpe(), keys -> keys.put("tokenizer.ggml.pre", "qwen9"));
    assertTrue(
        message.startsWith(
            "made-up: the pre-tokenizer 'qwen9' (tokenizer.ggml.pre) is not known; known are"
                + " llama-bpe, "),
        message);
  }

  @Test
  void noMerges() {
    assertEquals(
        "made-up: tokenizer.ggml.merges is missing or empty; byte-pair encoding needs it",
        refused(bpe(), keys -> keys.remove("tokenizer.ggml.merges")));
  }

  @Test
  void vocabulariesWithHolesStillEncode() {
    Map<String, Object> keys = spm();
    keys.put("tokenizer.ggml.tokens", List.of("<unk>", "<s>", "</s>", "", "", "a"));
    keys.put("tokenizer.ggml.token_type", new int[] {2, 3, 3, 1, 99, 1});
    Tokenizer t = Vocabularies.tokenizer(keys);
    assertEquals(
        List.of(1, 0, 0, 0, 5, 0, 0),
        java.util.Arrays.stream(t.encode("aé", true, false)).boxed().toList());
    assertEquals(1, t.warnings().size());
    assertEquals("[EMPTY_3]", t.piece(3));
    assertEquals("", t.piece(4));
  }

  @Test
  void randomNonsense() {
    Random random = new Random(99);
    int refused = 0;
    for (int round = 0; round < 6000; round++) {
      Map<String, Object> keys = random.nextBoolean() ? bpe() : spm();
      for (int n = 1 + random.nextInt(3); n > 0; n--) {
        mutate(random, keys);
      }
      try {
        Tokenizer t = Tokenizer.of(Metadata.of("made-up", keys));
        String text = Vocabularies.random(random, 20);
        for (int id : t.encode(text, true, random.nextBoolean())) {
          t.piece(id);
        }
        for (int id = 0; id < t.vocabularySize(); id++) {
          t.decode(id);
        }
      } catch (LaminaException e) {
        assertFalse(e.getMessage().isBlank());
        refused++;
      }
    }
    assertTrue(refused > 1000 && refused < 5000, "refused " + refused + " of 6000");
  }

  private static void mutate(Random random, Map<String, Object> keys) {
    List<String> names = new ArrayList<>(keys.keySet());
    names.addAll(
        List.of(
            "tokenizer.ggml.bos_token_id",
            "tokenizer.ggml.eos_token_id",
            "tokenizer.ggml.unknown_token_id",
            "tokenizer.ggml.add_bos_token",
            "tokenizer.ggml.add_space_prefix",
            "general.name",
            "tokenizer.ggml.scores",
            "tokenizer.ggml.merges"));
    String name = names.get(random.nextInt(names.size()));
    Object value = keys.get(name);
    if (value instanceof List<?> list && !list.isEmpty() && random.nextInt(8) != 0) {
      List<Object> copy = new ArrayList<>(list);
      int at = random.nextInt(copy.size());
      switch (random.nextInt(4)) {
        case 0 -> copy.remove(at);
        case 1 -> copy.set(at, copy.get(random.nextInt(copy.size())));
        case 2 -> copy.set(at, scrambled(random, copy.get(at)));
        default -> copy.subList(at, copy.size()).clear();
      }
      keys.put(name, copy);
    } else {
      switch (random.nextInt(7)) {
        case 0 -> keys.remove(name);
        case 1 -> keys.put(name, random.nextInt(300) - 2);
        case 2 -> keys.put(name, random.nextLong());
        case 3 -> keys.put(name, random.nextBoolean());
        case 4 -> keys.put(name, Vocabularies.random(random, 5));
        case 5 -> keys.put(name, List.of());
        default -> keys.put(name, PreTokenizer.known().get(random.nextInt(40)));
      }
    }
  }

  private static Object scrambled(Random random, Object value) {
    return switch (value) {
      case String s ->
          Vocabularies.random(random, random.nextInt(4)) + (random.nextBoolean() ? s : "");
      case Float _ ->
          List.of(Float.NaN, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY, -0f)
              .get(random.nextInt(4));
      default -> random.nextInt(9) - 1;
    };
  }
}
