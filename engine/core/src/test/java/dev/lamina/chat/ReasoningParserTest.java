package dev.lamina.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReasoningParserTest {
  /** Whether the prompt left {@code <think>} open, the text, and how it splits. */
  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '"',
      ignoreLeadingAndTrailingWhitespace = false,
      nullValues = "NULL",
      textBlock =
          """
          true,"a b</think>c","a b","c"
          true,"a b","a b",""
          true,"</think>c","","c"
          true,"a</think>b</think>c","a","b</think>c"
          true,"a<b</thin","a<b</thin",""
          true,"<<</<</think>x","<<</<","x"
          false,"<think>a</think>b","a","b"
          false,"  <think>a</think> b","a"," b"
          false,"plain","","plain"
          false,"x <think>y</think>z","","x <think>y</think>z"
          false,"<thinking>a</thinking>b","a","b"
          false,"<thought>a</thought>b","a","b"
          false,"[THINK]a[/THINK]b","a","b"
          false,"<thin","","<thin"
          false,"<thinx>","","<thinx>"
          false,"  ","","  "
          false,"<think>never closed","never closed",""
          false,"<","","<"
          """)
  void splitsHoweverItIsCut(boolean open, String text, String thinking, String answer) {
    Random random = new Random(text.hashCode());
    for (int round = 0; round < 50; round++) {
      ReasoningParser parser = new ReasoningParser(open ? ThinkTags.THINK : null);
      StringBuilder thought = new StringBuilder();
      StringBuilder said = new StringBuilder();
      int at = 0;
      while (at < text.length()) {
        int end = round == 0 ? text.length() : Math.min(text.length(), at + 1 + random.nextInt(4));
        collect(parser.accept(text.substring(at, end)), thought, said);
        at = end;
      }
      collect(parser.finish(), thought, said);
      assertEquals(thinking, thought.toString());
      assertEquals(answer, said.toString());
      assertEquals(thinking, parser.thinking());
      assertEquals(answer, parser.answer());
    }
  }

  private static void collect(
      List<ReasoningParser.Delta> deltas, StringBuilder thought, StringBuilder said) {
    for (ReasoningParser.Delta delta : deltas) {
      assertFalse(delta.text().isEmpty());
      (delta.kind() == ReasoningParser.Kind.THINKING ? thought : said).append(delta.text());
    }
  }

  @Test
  void givesTextAsSoonAsItIsDecided() {
    ReasoningParser parser = new ReasoningParser(ThinkTags.THINK);
    assertEquals("one ", parser.accept("one ").getFirst().text());
    assertTrue(parser.isThinking());
    assertEquals("two ", parser.accept("two </th").getFirst().text());
    assertEquals("</thread", parser.accept("read").getFirst().text());
    assertEquals(List.of(), parser.accept("</think>"));
    assertFalse(parser.isThinking());
    assertEquals(
        List.of(new ReasoningParser.Delta(ReasoningParser.Kind.ANSWER, "\n\nyes </th")),
        parser.accept("\n\nyes </th"));
  }

  @Test
  void findsTheTagsThatAPromptLeavesOpen() {
    assertEquals(ThinkTags.THINK, ThinkTags.openAtEnd("...assistant\n<think>\n"));
    assertEquals(ThinkTags.THINK, ThinkTags.openAtEnd("<think>"));
    assertNull(ThinkTags.openAtEnd("<think>\n\n</think>\n\n"));
    assertNull(ThinkTags.openAtEnd("<|im_start|>assistant\n"));
  }
}
