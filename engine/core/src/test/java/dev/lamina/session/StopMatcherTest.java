package dev.lamina.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StopMatcherTest {
  @Test
  void holdsBackOnlyWhatMayBeginAStop() {
    StopMatcher stops = new StopMatcher(List.of("END"));
    assertEquals("a ", stops.push("a E"));
    assertEquals("", stops.push("N"));
    assertEquals("ENx", stops.push("x"));
    assertEquals("y", stops.push("yEND and more"));
    assertTrue(stops.found());
    assertEquals("", stops.push("nothing after it"));
  }

  @Test
  void restComesOutAtTheEnd() {
    StopMatcher stops = new StopMatcher(List.of("###"));
    assertEquals("x", stops.push("x##"));
    assertEquals("##", stops.rest());
  }

  /** However a text is cut into pieces, what comes out is what stands before the stop text. */
  @Test
  void equalsSearchInTheWholeText() {
    Random random = new Random(5);
    for (String stop : List.of("ab", "bba", "aab", "b", "abab", "aaa")) {
      for (int round = 0; round < 500; round++) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(20); i > 0; i--) {
          text.append("abc".charAt(random.nextInt(3)));
        }
        StopMatcher matcher = new StopMatcher(List.of(stop));
        StringBuilder out = new StringBuilder();
        for (int at = 0; at < text.length() && !matcher.found(); ) {
          int end = Math.min(text.length(), at + 1 + random.nextInt(3));
          out.append(matcher.push(text.substring(at, end)));
          at = end;
        }
        out.append(matcher.rest());
        int at = text.indexOf(stop);
        assertEquals(at < 0 ? text.toString() : text.substring(0, at), out.toString());
        assertEquals(at >= 0, matcher.found());
      }
    }
  }

  @Test
  void firstOfSeveralStopsWins() {
    StopMatcher stops = new StopMatcher(List.of("two", "one"));
    assertEquals("x ", stops.push("x one two"));
    assertTrue(stops.found());
  }
}
