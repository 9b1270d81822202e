package dev.lamina.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SpecialMatcherTest {
  private static List<String> parts(SpecialMatcher matcher, String text) {
    List<String> parts = new ArrayList<>();
    matcher.partition(
        text,
        new SpecialMatcher.Parts() {
          @Override
          public void text(int from, int to) {
            parts.add(text.substring(from, to));
          }

          @Override
          public void token(int id) {
            parts.add("#" + id);
          }
        });
    return parts;
  }

  /** Token by token, the longest first, in every piece of text that is left. */
  private static List<String> plainly(List<SpecialMatcher.Special> specials, String text) {
    List<String> parts = new ArrayList<>(text.isEmpty() ? List.of() : List.of(text));
    List<SpecialMatcher.Special> longestFirst = new ArrayList<>(specials);
    longestFirst.sort((a, b) -> b.text().length() - a.text().length());
    for (SpecialMatcher.Special special : longestFirst) {
      List<String> finer = new ArrayList<>();
      for (String part : parts) {
        String rest = part;
        while (!rest.startsWith("#")) {
          int at = rest.indexOf(special.text());
          if (at < 0) {
            break;
          }
          if (at > 0) {
            finer.add(rest.substring(0, at));
          }
          finer.add("#" + special.id());
          rest = rest.substring(at + special.text().length());
          if (special.stripsRight()) {
            rest = rest.stripLeading();
          }
        }
        if (!rest.isEmpty()) {
          finer.add(rest);
        }
      }
      parts = finer;
    }
    return parts;
  }

  @Test
  void cutsAsTokenByToken() {
    Random random = new Random(3);
    for (int round = 0; round < 3000; round++) {
      List<SpecialMatcher.Special> specials = new ArrayList<>();
      List<String> texts = new ArrayList<>();
      for (int id = 0; id < 5; id++) {
        String text = word(random, 1 + random.nextInt(4));
        // Of two overlapping tokens of one length llama.cpp takes any; here they do not overlap.
        if (texts.stream().noneMatch(t -> t.length() == text.length())) {
          texts.add(text);
          specials.add(new SpecialMatcher.Special(id, text, random.nextInt(3) == 0));
        }
      }
      String text = word(random, random.nextInt(30));
      assertEquals(plainly(specials, text), parts(new SpecialMatcher(specials), text), text);
    }
  }

  private static String word(Random random, int length) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < length; i++) {
      out.append("<|> ab".charAt(random.nextInt(6)));
    }
    return out.toString();
  }

  @Test
  void longestWins() {
    SpecialMatcher matcher =
        new SpecialMatcher(
            List.of(
                new SpecialMatcher.Special(0, "<a>", false),
                new SpecialMatcher.Special(1, "<a><b>", false)));
    assertEquals(List.of("#0", "x", "#1", "#0"), parts(matcher, "<a>x<a><b><a>"));
  }

  /** Gemma has tokens for runs of 2 to 31 blanks, and thousands of others. */
  @Test
  void manyTokensAndManyPlaces() {
    List<SpecialMatcher.Special> specials = new ArrayList<>();
    for (int n = 2; n <= 31; n++) {
      specials.add(new SpecialMatcher.Special(n, " ".repeat(n), false));
    }
    for (int n = 0; n < 6000; n++) {
      specials.add(new SpecialMatcher.Special(100 + n, "<unused" + n + ">", false));
    }
    SpecialMatcher matcher = new SpecialMatcher(specials);
    List<String> parts = parts(matcher, " ".repeat(31 * 30_000 + 5) + "<unused77>");
    assertEquals(30_002, parts.size());
    assertEquals(List.of("#31", "#5", "#177"), parts.subList(29_999, 30_002));
  }
}
