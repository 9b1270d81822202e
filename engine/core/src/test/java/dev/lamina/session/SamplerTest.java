package dev.lamina.session;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.LaminaException;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class SamplerTest {
  private static final int[] NO_HISTORY = {};

  private static Sampling sampling(float temperature, int topK, float topP, float minP) {
    return new Sampling(temperature, topK, topP, minP, 64, 1, 0, 0, Map.of(), 7);
  }

  private static int[] counts(Sampling sampling, float[] logits, int draws) {
    Sampler sampler = new Sampler(sampling);
    int[] counts = new int[logits.length];
    for (int i = 0; i < draws; i++) {
      counts[sampler.sample(logits.clone(), NO_HISTORY, 0)]++;
    }
    return counts;
  }

  private static float[] logits(double... probabilities) {
    float[] out = new float[probabilities.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = (float) Math.log(probabilities[i]);
    }
    return out;
  }

  private static Set<Integer> drawn(int[] counts) {
    Set<Integer> out = new TreeSet<>();
    for (int i = 0; i < counts.length; i++) {
      if (counts[i] > 0) {
        out.add(i);
      }
    }
    return out;
  }

  @Test
  void theGreatestComeInOrderAndTiesByTheLowerId() {
    float[] logits = {1, 5, Float.NEGATIVE_INFINITY, 5, 3};
    assertArrayEquals(new int[] {}, Sampler.greatest(logits, 0));
    assertArrayEquals(new int[] {1, 3, 4}, Sampler.greatest(logits, 3));
    assertArrayEquals(new int[] {1, 3, 4, 0, 2}, Sampler.greatest(logits, 5));
  }

  @Test
  void greedyTakesTheFirstOfEqualMaxima() {
    assertEquals(1, new Sampler(Sampling.GREEDY).sample(new float[] {0, 3, 2, 3}, NO_HISTORY, 0));
  }

  @Test
  void drawsInProportionToProbability() {
    int n = 40_000;
    int[] counts = counts(sampling(1, 0, 1, 0), logits(0.5, 0.1, 0.15, 0.25), n);
    double[] expected = {0.5, 0.1, 0.15, 0.25};
    for (int i = 0; i < 4; i++) {
      double sigma = Math.sqrt(expected[i] * (1 - expected[i]) / n);
      assertEquals(expected[i], counts[i] / (double) n, 5 * sigma, "token " + i);
    }
  }

  @Test
  void temperatureSharpensAndFlattens() {
    float[] logits = logits(0.8, 0.2);
    int n = 20_000;
    // At temperature t the odds 4:1 become 4^(1/t):1.
    assertEquals(16 / 17.0, counts(sampling(0.5f, 0, 1, 0), logits, n)[0] / (double) n, 0.01);
    assertEquals(2 / 3.0, counts(sampling(2, 0, 1, 0), logits, n)[0] / (double) n, 0.02);
  }

  @Test
  void topKKeepsTheMostLikely() {
    int[] counts = counts(sampling(1, 2, 1, 0), logits(0.2, 0.4, 0.1, 0.3), 5_000);
    assertEquals(Set.of(1, 3), drawn(counts));
  }

  @Test
  void topPKeepsTheFewestThatReachIt() {
    float[] logits = logits(0.5, 0.3, 0.15, 0.05);
    assertEquals(Set.of(0), drawn(counts(sampling(1, 0, 0.4f, 0), logits, 2_000)));
    assertEquals(Set.of(0, 1), drawn(counts(sampling(1, 0, 0.7f, 0), logits, 2_000)));
    assertEquals(Set.of(0, 1, 2), drawn(counts(sampling(1, 0, 0.9f, 0), logits, 2_000)));
  }

  @Test
  void minPIsRelativeToTheMostLikely() {
    float[] logits = logits(0.6, 0.3, 0.07, 0.03);
    assertEquals(Set.of(0, 1), drawn(counts(sampling(1, 0, 1, 0.2f), logits, 2_000)));
    assertEquals(Set.of(0, 1, 2), drawn(counts(sampling(1, 0, 1, 0.1f), logits, 2_000)));
  }

  @Test
  void partialSelectionEqualsFullSort() {
    Random random = new Random(3);
    for (int round = 0; round < 50; round++) {
      float[] logits = new float[1 + random.nextInt(300)];
      for (int i = 0; i < logits.length; i++) {
        logits[i] = random.nextInt(40) / 4f - 5;
      }
      int k = 1 + random.nextInt(logits.length);
      // The same seed draws the same token where the candidates and their order are the same.
      int partial = new Sampler(sampling(1, k, 1, 0)).sample(logits.clone(), NO_HISTORY, 0);
      float[] masked = logits.clone();
      boolean[] kept = new boolean[logits.length];
      for (int i = 0; i < k; i++) {
        int best = -1;
        for (int j = 0; j < logits.length; j++) {
          if (!kept[j] && (best < 0 || logits[j] > logits[best])) {
            best = j;
          }
        }
        kept[best] = true;
      }
      for (int j = 0; j < masked.length; j++) {
        masked[j] = kept[j] ? logits[j] : Float.NEGATIVE_INFINITY;
      }
      assertEquals(new Sampler(sampling(1, 0, 1, 0)).sample(masked, NO_HISTORY, 0), partial);
    }
  }

  @Test
  void penaltiesFollowTheirFormulas() {
    Sampling sampling = new Sampling(0, 0, 1, 0, 3, 2, 0.5f, 0.25f, Map.of(), 0);
    float[] logits = {4, -4, 4, 4};
    // Token 3 lies before the last three; token 0 was seen twice, token 1 once.
    new Sampler(sampling).sample(logits, new int[] {3, 0, 1, 0}, 4);
    assertArrayEquals(new float[] {2 - 1 - 0.25f, -8 - 0.5f - 0.25f, 4, 4}, logits);
  }

  @Test
  void biasMovesAndBans() {
    Sampling biased =
        new Sampling(0, 0, 1, 0, 0, 1, 0, 0, Map.of(0, Float.NEGATIVE_INFINITY, 2, 1f, 99, 5f), 0);
    assertEquals(2, new Sampler(biased).sample(new float[] {9, 1, 0.5f}, NO_HISTORY, 0));
  }

  @Test
  void sameSeedSameDraws() {
    float[] logits = logits(0.25, 0.25, 0.25, 0.25);
    Sampler a = new Sampler(sampling(1, 0, 1, 0));
    Sampler b = new Sampler(sampling(1, 0, 1, 0));
    for (int i = 0; i < 100; i++) {
      assertEquals(
          a.sample(logits.clone(), NO_HISTORY, 0), b.sample(logits.clone(), NO_HISTORY, 0));
    }
  }

  @Test
  void logProbabilitiesSumToOne() {
    float[] logits = {1, 2, 3, -1};
    double sum = 0;
    for (int i = 0; i < 4; i++) {
      sum += Math.exp(Sampler.logProbability(logits, i));
    }
    assertEquals(1, sum, 1e-6);
  }

  @Test
  void nonsenseIsRefusedByName() {
    for (Runnable bad :
        new Runnable[] {
          () -> sampling(Float.NaN, 0, 1, 0),
          () -> sampling(1, -1, 1, 0),
          () -> sampling(1, 0, 0, 0),
          () -> sampling(1, 0, 1, 2),
        }) {
      LaminaException e = assertThrows(LaminaException.class, bad::run);
      assertTrue(e.getMessage().contains("must be"), e.getMessage());
    }
  }
}
