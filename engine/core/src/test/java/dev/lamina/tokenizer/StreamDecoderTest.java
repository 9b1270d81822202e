package dev.lamina.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StreamDecoderTest {
  /** Token b is byte b; 256 is a control token, 257 a user-defined one. */
  private static final Tokenizer BYTES =
      Vocabularies.tokenizer(Vocabularies.bpe(List.of("a b"), List.of("<|é|>"), List.of("日")));

  private static String stream(Tokenizer tokenizer, int[] ids, boolean showSpecial) {
    StreamDecoder decoder = tokenizer.stream(showSpecial, true);
    StringBuilder out = new StringBuilder();
    for (int id : ids) {
      out.append(decoder.accept(id));
    }
    return out.append(decoder.flush()).toString();
  }

  @Test
  void holdsBackHalfACharacter() {
    StreamDecoder decoder = BYTES.stream(false);
    byte[] cat = "é😺".getBytes(StandardCharsets.UTF_8);
    assertEquals("", decoder.accept(cat[0] & 0xFF));
    assertEquals("é", decoder.accept(cat[1] & 0xFF));
    assertEquals("", decoder.accept(cat[2] & 0xFF));
    assertEquals("", decoder.accept(cat[3] & 0xFF));
    assertEquals("", decoder.accept(cat[4] & 0xFF));
    assertEquals("😺", decoder.accept(cat[5] & 0xFF));
    assertEquals("", decoder.flush());
  }

  @Test
  void whatIsNoCharacterComesOutAtOnceAsReplacement() {
    StreamDecoder decoder = BYTES.stream(false);
    assertEquals("\uFFFD", decoder.accept(0x80));
    assertEquals("\uFFFD", decoder.accept(0xFF));
    assertEquals("", decoder.accept(0xE0));
    assertEquals("\uFFFD\uFFFD", decoder.accept(0x80), "overlong");
    assertEquals("", decoder.accept(0xF0));
    assertEquals("\uFFFDa", decoder.accept('a'));
    assertEquals("", decoder.accept(0xE2));
    assertEquals("", decoder.accept(0x82));
    assertEquals("\uFFFD", decoder.flush());
    assertEquals("", decoder.flush());
  }

  @Test
  void streamingGivesTheWholeText() {
    Random random = new Random(5);
    for (int round = 0; round < 20_000; round++) {
      int[] ids = new int[random.nextInt(12)];
      for (int i = 0; i < ids.length; i++) {
        ids[i] =
            switch (random.nextInt(6)) {
              case 0 -> random.nextInt(BYTES.vocabularySize());
              case 1 -> 0xC0 + random.nextInt(0x40);
              case 2 -> "\u00E0\u00ED\u00F0\u00F4".charAt(random.nextInt(4));
              default -> 0x80 + random.nextInt(0x40);
            };
      }
      boolean show = random.nextBoolean();
      assertEquals(BYTES.decode(ids, show), stream(BYTES, ids, show));
    }
  }

  @Test
  void specialTokensAreShownOrHidden() {
    int control = BYTES.find("<|é|>").orElseThrow();
    int user = BYTES.find("日").orElseThrow();
    int[] ids = {'a', control, 'b', user};
    assertEquals("ab日", BYTES.decode(ids));
    assertEquals("a<|é|>b日", BYTES.decode(ids, true));
    assertEquals("a<|é|>b日", stream(BYTES, ids, true));
  }

  @Test
  void blankBeforeATextIsTakenAway() {
    Tokenizer spm =
        Vocabularies.tokenizer(Vocabularies.spm(List.of("▁", "▁a", "a"), List.of(0f, -1f, -2f)));
    int[] ids = spm.encode("a a", true, false);
    assertEquals("a a", spm.decode(ids));
    assertEquals("<s>a a", spm.decode(ids, true));
    StreamDecoder more = spm.stream(false);
    assertEquals(" a", more.accept(spm.find("▁a").orElseThrow()), "the tokens continue a text");
  }

  @Test
  void idsOutsideTheVocabulary() {
    StreamDecoder decoder = BYTES.stream(false);
    for (int id : new int[] {-1, BYTES.vocabularySize(), Integer.MAX_VALUE, Integer.MIN_VALUE}) {
      TokenizerException e = assertThrows(TokenizerException.class, () -> decoder.accept(id));
      assertEquals(
          "made-up: token " + id + " is outside the vocabulary of 259 tokens", e.getMessage());
    }
  }
}
