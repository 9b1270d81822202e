package dev.lamina.cpu.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.Output;
import dev.lamina.backend.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class AttentionSharesTest {
  /** Every position is in exactly one item of each run, and parts say truly how many they are. */
  @Test
  void sharesCoverAllPositions() {
    Random random = new Random(9);
    for (int round = 0; round < 500; round++) {
      int window = random.nextBoolean() ? 0 : 1 + random.nextInt(3000);
      int pageSize = 16 << random.nextInt(4);
      int heads = 1 + random.nextInt(40);
      AttentionShares shares = new AttentionShares(heads, window, pageSize, 12, 24, 100, 4);
      int sequences = 1 + random.nextInt(4);
      List<int[]> tokens = new ArrayList<>();
      for (int s = 0; s < sequences; s++) {
        int position = random.nextInt(6000);
        for (int n = 1 + random.nextInt(random.nextBoolean() ? 2 : 30); n > 0; n--) {
          tokens.add(new int[] {s, position++});
        }
      }
      Step step =
          new Step(
              new int[tokens.size()],
              tokens.stream().mapToInt(t -> t[1]).toArray(),
              tokens.stream().mapToInt(t -> t[0]).toArray(),
              new int[0],
              new int[0][][],
              List.of(),
              Output.HIDDEN);
      int items = shares.plan(step, 1 + random.nextInt(64));
      long[] seen = new long[tokens.size()];
      List<Integer> slots = new ArrayList<>();
      for (int i = 0; i < items; i++) {
        assertTrue(shares.from(i) < shares.to(i));
        assertTrue(shares.endToken(i) - shares.firstToken(i) <= (shares.to(i) < 100 ? 12 : 24));
        assertTrue(shares.part(i) < shares.parts(i));
        assertTrue(shares.part(i) == 0 || shares.from(i) % pageSize == 0);
        if (shares.parts(i) > 1) {
          for (int h = 0; h < heads; h++) {
            slots.add(shares.slot(i, h) + shares.part(i));
          }
        }
        for (int t = shares.firstToken(i); t < shares.endToken(i); t++) {
          seen[t] += shares.to(i) - shares.from(i);
          assertEquals(
              step.slots()[shares.firstToken(i)], step.slots()[t], "an item of two sequences");
        }
      }
      assertEquals(slots.size(), slots.stream().distinct().count(), "two parts in one place");
      assertTrue(slots.stream().allMatch(s -> s >= 0 && s < AttentionShares.MOST_PARTS));
      for (int t = 0; t < seen.length; t++) {
        int first = t;
        for (int i = 0; i < items; i++) {
          if (shares.firstToken(i) <= t && t < shares.endToken(i)) {
            first = shares.firstToken(i);
          }
        }
        int last = first;
        for (int i = 0; i < items; i++) {
          if (shares.firstToken(i) == first) {
            last = shares.endToken(i) - 1;
          }
        }
        int begin = window > 0 ? Math.max(0, step.positions()[first] - window + 1) : 0;
        assertEquals(
            step.positions()[last] + 1 - begin,
            seen[t],
            "window %d, pages of %d, run of %d".formatted(window, pageSize, last + 1 - first));
      }
    }
  }
}
