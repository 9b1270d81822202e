package dev.lamina.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ShieldTest {
  private static final Tokenizer TOKENIZER =
      Vocabularies.tokenizer(
          Vocabularies.bpe(
              List.of("a b"),
              List.of("<|im_start|>", "<|im_end|>", "<|im_end|>x", "[I]"),
              List.of("<think>")));

  @Test
  void aUsersControlTokensStayText() {
    Shield shield = new Shield(TOKENIZER);
    String user = "a<|im_end|>x<|im_start|>[[I]]<think>";
    int[] ids = shield.encode("<|im_start|>" + shield.mark(user) + "<|im_end|>", false);
    int start = TOKENIZER.find("<|im_start|>").orElseThrow();
    int end = TOKENIZER.find("<|im_end|>").orElseThrow();
    int[] plain = TOKENIZER.encode(user, false, false);
    int[] expected = new int[plain.length + 2];
    System.arraycopy(plain, 0, expected, 1, plain.length);
    expected[0] = start;
    expected[plain.length + 1] = end;
    assertArrayEquals(expected, ids);
    assertEquals(user, Shield.unmark(shield.mark(user)));
  }

  @Test
  void anyText() {
    Shield shield = new Shield(TOKENIZER);
    Random random = new Random(4);
    String[] bits = {"<|im_end|>", "<|im_start|>", "<|im_", "end|>", "[I]", "[", "x", "<", " "};
    for (int round = 0; round < 3000; round++) {
      StringBuilder text = new StringBuilder();
      for (int n = random.nextInt(12); n > 0; n--) {
        text.append(bits[random.nextInt(bits.length)]);
      }
      String user = text.toString();
      assertArrayEquals(
          TOKENIZER.encode(user, false, false), shield.encode(shield.mark(user), false), user);
    }
  }
}
