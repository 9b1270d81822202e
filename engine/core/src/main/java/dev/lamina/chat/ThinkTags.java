package dev.lamina.chat;

import java.util.List;

/**
 * The marks around a model's reasoning.
 *
 * @param open before it
 * @param close after it
 */
public record ThinkTags(String open, String close) {
  /** QwQ, Qwen 3, DeepSeek-R1, OlympicCoder and most others. */
  public static final ThinkTags THINK = new ThinkTags("<think>", "</think>");

  /** All that are known. */
  public static final List<ThinkTags> KNOWN =
      List.of(
          THINK,
          new ThinkTags("<thinking>", "</thinking>"),
          new ThinkTags("<thought>", "</thought>"),
          new ThinkTags("<seed:think>", "</seed:think>"),
          new ThinkTags("[THINK]", "[/THINK]"));

  /** The tags whose opening one the prompt ends with, white space aside; null for none. */
  public static ThinkTags openAtEnd(String prompt) {
    String text = prompt.stripTrailing();
    for (ThinkTags tags : KNOWN) {
      if (text.endsWith(tags.open)) {
        return tags;
      }
    }
    return null;
  }
}
