package dev.lamina.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ToolCallParserTest {
  private static final String WEATHER = "{\"city\": \"Oslo\"}";

  /** Parses the text in one piece and in many ways of cutting it: all must agree. */
  private static List<String> parse(Set<ToolCallFormat> formats, String text) {
    Random random = new Random(text.hashCode());
    List<String> whole = null;
    for (int round = 0; round < 60; round++) {
      ToolCallParser parser = new ToolCallParser(formats);
      List<ToolCallParser.Event> events = new ArrayList<>();
      int at = 0;
      while (at < text.length()) {
        int end =
            round == 0 ? text.length() : Math.min(text.length(), at + 1 + random.nextInt(round));
        events.addAll(parser.accept(text.substring(at, end)));
        at = end;
      }
      events.addAll(parser.finish());
      List<String> shown = show(events);
      if (whole == null) {
        whole = shown;
      }
      assertEquals(whole, shown);
    }
    return whole;
  }

  private static List<String> show(List<ToolCallParser.Event> events) {
    List<String> shown = new ArrayList<>();
    StringBuilder text = new StringBuilder();
    for (ToolCallParser.Event event : events) {
      switch (event) {
        case ToolCallParser.Event.Text(String more) -> {
          assertFalse(more.isEmpty());
          text.append(more);
        }
        case ToolCallParser.Event.Call(ToolCall call) -> {
          if (!text.isEmpty()) {
            shown.add(text.toString());
            text.setLength(0);
          }
          shown.add("CALL " + call.id() + " " + call.name() + " " + call.arguments());
        }
      }
    }
    if (!text.isEmpty()) {
      shown.add(text.toString());
    }
    return shown;
  }

  private static final Set<ToolCallFormat> HERMES = EnumSet.of(ToolCallFormat.HERMES);
  private static final Set<ToolCallFormat> LLAMA = EnumSet.of(ToolCallFormat.LLAMA);
  private static final Set<ToolCallFormat> MISTRAL = EnumSet.of(ToolCallFormat.MISTRAL);

  @Test
  void hermes() {
    String call = "{\"name\": \"get_weather\", \"arguments\": {\"city\":\"Oslo\"}}";
    assertEquals(
        List.of("CALL null get_weather " + WEATHER),
        parse(HERMES, "<tool_call>\n" + call + "\n</tool_call>"));
    assertEquals(
        List.of(
            "I look. ",
            "CALL null get_weather " + WEATHER,
            "\n",
            "CALL null get_weather " + WEATHER),
        parse(
            HERMES,
            "I look. <tool_call>" + call + "</tool_call>\n<tool_call>" + call + "</tool_call>"));
    assertEquals(
        List.of("CALL null get_weather " + WEATHER), parse(HERMES, "<tool_call>\n" + call + "\n"));
    assertEquals(
        List.of("CALL null now {}"), parse(HERMES, "<tool_call>{\"name\":\"now\"}</tool_call>"));
    assertEquals(
        List.of("CALL null f {\"a\": 1}"),
        parse(HERMES, "<tool_call>{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"}</tool_call>"));
  }

  @Test
  void whatIsNoHermesCallIsText() {
    for (String text :
        List.of(
            "plain text",
            "a < b, <tool, <tool_call",
            "<tool_call>not JSON</tool_call> and more",
            "<tool_call>{\"name\": 5}</tool_call>",
            "<tool_call>{\"name\": \"f\", \"arguments\": [1]}</tool_call>",
            "<tool_call></tool_call>",
            "<tool_call>{\"name\": \"f\", \"argum",
            call("[TOOL_CALLS]"))) {
      assertEquals(List.of(text), parse(HERMES, text));
    }
  }

  private static String call(String mark) {
    return mark
        + "[{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}, \"id\":"
        + " \"call00001\"}]";
  }

  @Test
  void mistral() {
    assertEquals(
        List.of("CALL call00001 get_weather " + WEATHER), parse(MISTRAL, call("[TOOL_CALLS]")));
    assertEquals(
        List.of("CALL call00001 get_weather " + WEATHER, "bye"),
        parse(MISTRAL, call("[TOOL_CALLS] ") + "bye"));
    assertEquals(
        List.of("CALL null get_weather " + WEATHER, "CALL null f {}"),
        parse(MISTRAL, "[TOOL_CALLS]get_weather[ARGS]" + WEATHER + "[TOOL_CALLS]f[ARGS]{}"));
    assertEquals(
        List.of("CALL abc get_weather " + WEATHER),
        parse(MISTRAL, "[TOOL_CALLS]get_weather[CALL_ID]abc[ARGS]" + WEATHER));
    assertEquals(
        List.of("CALL null a {\"x\": \"]}\\\"\"}", "CALL null b {}"),
        parse(
            MISTRAL,
            "[TOOL_CALLS][{\"name\":\"a\",\"arguments\":{\"x\":\"]}\\\"\"}},{\"name\":\"b\"}]"));
    for (String text : List.of("[TOOL_CALLS][1, 2]", "[TOOL_CALLS] none", "[TOOL_", "[x] {}")) {
      assertEquals(List.of(text), parse(MISTRAL, text));
    }
  }

  @Test
  void llama() {
    String call = "{\"name\": \"get_weather\", \"parameters\": {\"city\": \"Oslo\"}}";
    assertEquals(List.of("CALL null get_weather " + WEATHER), parse(LLAMA, call));
    assertEquals(
        List.of("CALL null get_weather " + WEATHER), parse(LLAMA, "<|python_tag|>" + call));
    assertEquals(
        List.of("CALL null get_weather " + WEATHER, "CALL null get_weather " + WEATHER),
        parse(LLAMA, call + "; " + call));
    assertEquals(
        List.of("CALL null brave_search {\"query\": \"a, \\\"b\\\"\", \"n\": \"2\"}"),
        parse(LLAMA, "<|python_tag|>brave_search.call(query=\"a, \\\"b\\\"\", n=\"2\")"));
    for (String text :
        List.of(
            "The answer is {}",
            "{\"a\": 1}",
            "{\"name\": \"Ann\", \"age\": 3}",
            "{ not JSON",
            "<|python_tag|>print(1)",
            call + " and that was it")) {
      assertEquals(List.of(text), parse(LLAMA, text));
    }
  }

  @Test
  void withoutFormatsAllIsText() {
    String text = "<tool_call>{\"name\": \"f\"}</tool_call>{[TOOL_CALLS]";
    assertEquals(List.of(text), parse(EnumSet.noneOf(ToolCallFormat.class), text));
  }

  @Test
  void textIsNotHeldBackLongerThanNeeded() {
    ToolCallParser parser = new ToolCallParser(EnumSet.allOf(ToolCallFormat.class));
    assertEquals(List.of(new ToolCallParser.Event.Text("Hello ")), parser.accept("Hello "));
    assertEquals(List.of(new ToolCallParser.Event.Text("you ")), parser.accept("you <tool"));
    assertEquals(List.of(new ToolCallParser.Event.Text("<toolbox")), parser.accept("box"));
  }

  @Test
  void anEndlessCallIsGivenUp() {
    ToolCallParser parser = new ToolCallParser(HERMES);
    String piece = "x".repeat(100_000);
    long length = 0;
    parser.accept("<tool_call>");
    for (int i = 0; i < 30; i++) {
      for (ToolCallParser.Event event : parser.accept(piece)) {
        length += ((ToolCallParser.Event.Text) event).text().length();
      }
    }
    for (ToolCallParser.Event event : parser.finish()) {
      length += ((ToolCallParser.Event.Text) event).text().length();
    }
    assertEquals(3_000_011, length);
  }

  @Test
  void templatesTellTheirFormats() {
    assertEquals(HERMES, ChatTemplate.ofJinja("{{ '<tool_call>' }}").toolCallFormats());
    assertEquals(MISTRAL, ChatTemplate.ofJinja("{{ '[TOOL_CALLS]' }}").toolCallFormats());
    assertEquals(LLAMA, ChatTemplate.ofJinja("{{ '<|python_tag|>' }}").toolCallFormats());
    assertEquals(Set.of(), ChatTemplate.builtin("chatml").toolCallFormats());
  }
}
