package dev.lamina.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.LaminaException;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Step.PageCopy;
import dev.lamina.model.ModelGraph.AttentionGroup;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class KvPagesTest {
  private static final int PAGE = 4;
  private static final List<AttentionGroup> GROUPS =
      List.of(new AttentionGroup(0), new AttentionGroup(6));
  private final Limits limits = limits(32, 2, 8);
  private final KvPages pages = new KvPages(limits, GROUPS);
  private final List<PageCopy> copies = new ArrayList<>();

  private static Limits limits(int context, int sequences, int maxTokens) {
    return new Limits(
        maxTokens, 1, sequences, PAGE, KvPages.groups(GROUPS, context, sequences, maxTokens, PAGE));
  }

  private void append(Sequence sequence, int count) {
    pages.requireRoom(sequence, count);
    pages.extend(sequence, count, copies);
    sequence.append(new int[count], 0, count);
    pages.forgetBehindWindow(sequence);
  }

  @Test
  void poolsAreAsLargeAsTheyMustBe() {
    assertEquals(2 * 8, limits.groups().get(0).pages());
    // A window of 6 and a step of 8 touch at most 5 pages of 4: a part of one, three, a part of
    // one.
    assertEquals(2 * 5, limits.groups().get(1).pages());
    assertEquals(8, limits.groups().get(1).maxPagesPerSequence());
  }

  @Test
  void windowedGroupNeverRunsOut() {
    Sequence a = pages.newSequence(0);
    Sequence b = pages.newSequence(1);
    for (int n : new int[] {8, 8, 1, 1, 7, 3, 4}) {
      append(a, n);
      append(b, n);
    }
    assertEquals(32, a.length());
    int held = 0;
    for (int p : a.pages(1)) {
      held += p >= 0 ? 1 : 0;
    }
    // Positions 27 to 31 are in sight of the next token.
    assertEquals(2, held);
    assertEquals(-1, a.pages(1)[5]);
  }

  @Test
  void pageFallsFreeExactlyWhenNoLaterTokenSeesIt() {
    Sequence a = pages.newSequence(0);
    append(a, 8);
    append(a, 1);
    // The next position is 9 and sees 4 to 9: page 0 (0 to 3) is out of sight, page 1 is not.
    assertEquals(-1, a.pages(1)[0]);
    assertNotEquals(-1, a.pages(1)[1]);
    assertTrue(pages.canTruncate(a, 9));
    assertFalse(pages.canTruncate(a, 8), "position 8 would see position 3");
    assertTrue(pages.canTruncate(a, 0));
  }

  @Test
  void fullContextIsTold() {
    Sequence a = pages.newSequence(0);
    for (int i = 0; i < 4; i++) {
      append(a, 8);
    }
    LaminaException e = assertThrows(LaminaException.class, () -> append(a, 1));
    assertTrue(e.getMessage().contains("context of 32 tokens is full"), e.getMessage());
  }

  @Test
  void sharedPagesAreCopiedBeforeTheyAreWritten() {
    Sequence a = pages.newSequence(0);
    append(a, 6);
    Sequence b = pages.newSequence(1);
    int free = pages.freePages(0);
    pages.share(a, b, 6);
    assertEquals(free, pages.freePages(0), "sharing takes no page");
    assertEquals(a.pages(0)[1], b.pages(0)[1]);
    append(b, 1);
    assertEquals(a.pages(0)[0], b.pages(0)[0], "the full page stays shared");
    assertNotEquals(a.pages(0)[1], b.pages(0)[1]);
    assertTrue(copies.contains(new PageCopy(0, a.pages(0)[1], b.pages(0)[1])), copies.toString());
    copies.clear();
    append(a, 1);
    assertEquals(List.of(), copies, "nobody else holds it any more");
  }

  @Test
  void everythingComesBack() {
    int global = pages.freePages(0);
    int windowed = pages.freePages(1);
    Sequence a = pages.newSequence(0);
    append(a, 8);
    append(a, 8);
    Sequence b = pages.newSequence(1);
    pages.share(a, b, 16);
    append(b, 3);
    pages.truncate(a, 0);
    pages.truncate(b, 5);
    pages.truncate(b, 0);
    assertEquals(global, pages.freePages(0));
    assertEquals(windowed, pages.freePages(1));
  }

  @Test
  void resetForgetsEveryHolder() {
    Sequence a = pages.newSequence(0);
    append(a, 8);
    pages.reset(List.of(a));
    assertEquals(16, pages.freePages(0));
    assertEquals(-1, a.pages(0)[0]);
    assertEquals(8, a.length(), "the tokens are kept for computing again");
  }
}
