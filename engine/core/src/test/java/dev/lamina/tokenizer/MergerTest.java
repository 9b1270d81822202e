package dev.lamina.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Both encodings against the plainest way to merge, on random vocabularies. */
class MergerTest {
  /** Joins, again and again, the leftmost pair of the lowest rank. */
  private static List<String> merge(
      List<String> symbols, Map<String, Double> ranks, String between) {
    List<String> word = new ArrayList<>(symbols);
    while (true) {
      int best = -1;
      double rank = Double.POSITIVE_INFINITY;
      for (int i = 0; i + 1 < word.size(); i++) {
        Double r = ranks.get(word.get(i) + between + word.get(i + 1));
        if (r != null && r < rank) {
          rank = r;
          best = i;
        }
      }
      if (best < 0) {
        return word;
      }
      word.set(best, word.get(best) + word.remove(best + 1));
    }
  }

  @Test
  void bytePairs() {
    Random random = new Random(7);
    for (int round = 0; round < 40; round++) {
      List<String> merges = merges(random, "abcd");
      Tokenizer tokenizer = Vocabularies.tokenizer(Vocabularies.bpe(merges, List.of(), List.of()));
      Map<String, Double> ranks = new HashMap<>();
      Map<String, Integer> ids = new HashMap<>();
      for (char c = 'a'; c <= 'd'; c++) {
        ids.put(String.valueOf(c), (int) c);
      }
      for (int i = 0; i < merges.size(); i++) {
        ranks.put(merges.get(i), (double) i);
        ids.put(merges.get(i).replace(" ", ""), 256 + i);
      }
      for (int i = 0; i < 50; i++) {
        String word = word(random, "abcd", i % 5 == 0 ? 300 : 12);
        int[] expected =
            merge(List.of(word.split("")), ranks, " ").stream().mapToInt(ids::get).toArray();
        assertArrayEquals(expected, tokenizer.encode(word, false, false), word);
      }
    }
  }

  /** A merge for each of many random pairs; no token comes of two. */
  private static List<String> merges(Random random, String letters) {
    List<String> symbols = new ArrayList<>(List.of(letters.split("")));
    Set<String> known = new LinkedHashSet<>(symbols);
    List<String> merges = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      String left = symbols.get(random.nextInt(symbols.size()));
      String right = symbols.get(random.nextInt(symbols.size()));
      if (left.length() + right.length() < 9 && known.add(left + right)) {
        symbols.add(left + right);
        merges.add(left + " " + right);
      }
    }
    return merges;
  }

  private static String word(Random random, String letters, int atMost) {
    StringBuilder out = new StringBuilder();
    for (int n = 1 + random.nextInt(atMost); n > 0; n--) {
      out.append(letters.charAt(random.nextInt(letters.length())));
    }
    return out.toString();
  }

  @Test
  void sentencePiece() {
    Random random = new Random(8);
    for (int round = 0; round < 60; round++) {
      // The mark within pieces, so that no cut between words is safe in some rounds.
      String letters = round % 2 == 0 ? "ab▁é" : "ab▁▁";
      Set<String> pieces = new LinkedHashSet<>(List.of("a", "▁"));
      for (int i = 0; i < 60; i++) {
        String piece = word(random, letters, 5);
        if (round % 3 != 0 || piece.lastIndexOf('▁') <= 0) {
          pieces.add(piece);
        }
      }
      List<String> list = List.copyOf(pieces);
      List<Float> scores = new ArrayList<>();
      Map<String, Double> ranks = new HashMap<>();
      Map<String, Integer> ids = new HashMap<>();
      for (int i = 0; i < list.size(); i++) {
        float score = -random.nextInt(12) + (random.nextBoolean() ? 0.5f : 0f);
        scores.add(score);
        ranks.put(list.get(i), (double) -score);
        ids.put(list.get(i), 259 + i);
      }
      Map<String, Object> keys = Vocabularies.spm(list, scores);
      boolean prefix = random.nextBoolean();
      keys.put("tokenizer.ggml.add_space_prefix", prefix);
      Tokenizer tokenizer = Vocabularies.tokenizer(keys);
      for (int i = 0; i < 50; i++) {
        String text = word(random, letters.replace('▁', ' ') + "cé", i % 5 == 0 ? 300 : 12);
        String marked = ((prefix ? " " : "") + text).replace(' ', '▁');
        List<Integer> expected = new ArrayList<>();
        for (String symbol : merge(List.of(marked.split("")), ranks, "")) {
          if (ids.containsKey(symbol)) {
            expected.add(ids.get(symbol));
          } else {
            for (byte b : symbol.getBytes(StandardCharsets.UTF_8)) {
              expected.add(3 + (b & 0xFF));
            }
          }
        }
        assertArrayEquals(
            expected.stream().mapToInt(Integer::intValue).toArray(),
            tokenizer.encode(text, false, false),
            text);
      }
    }
  }
}
