package dev.lamina.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lamina.chat.jinja.TemplateException;
import dev.lamina.chat.json.Json;
import dev.lamina.testing.Shared;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The templates of well-known models against what jinja2 renders; skipped where the shared
 * reference data is absent, since those templates are other people's.
 */
class TemplateCasesTest {
  @TestFactory
  List<DynamicTest> rendersAsJinja2Does() throws IOException {
    Path file = Shared.reference("chat-templates/cases.json");
    Map<String, Object> data = Json.readObject(Files.readString(file));
    Map<?, ?> tokens = (Map<?, ?>) data.get("tokens");
    RenderOptions base =
        RenderOptions.DEFAULT
            .withNow(LocalDate.parse((String) data.get("now")).atStartOfDay())
            .withTokens((String) tokens.get("bos_token"), (String) tokens.get("eos_token"));
    Map<?, ?> conversations = (Map<?, ?>) data.get("conversations");
    List<DynamicTest> tests = new ArrayList<>();
    ((Map<?, ?>) data.get("templates"))
        .forEach(
            (name, value) -> {
              Map<?, ?> template = (Map<?, ?>) value;
              ((Map<?, ?>) template.get("cases"))
                  .forEach(
                      (id, expected) ->
                          tests.add(
                              DynamicTest.dynamicTest(
                                  name + " / " + id,
                                  () ->
                                      check(
                                          (String) template.get("template"),
                                          (Map<?, ?>) conversations.get(id),
                                          (Map<?, ?>) expected,
                                          base))));
            });
    assertEquals(60, tests.size(), "the number of cases in " + file);
    return tests;
  }

  private static void check(
      String source, Map<?, ?> conversation, Map<?, ?> expected, RenderOptions base) {
    ChatTemplate template = ChatTemplate.ofJinja(source);
    List<Message> messages = new ArrayList<>();
    for (Object message : (List<?>) conversation.get("messages")) {
      messages.add(message((Map<?, ?>) message));
    }
    RenderOptions options =
        base.withGenerationPrompt(!Boolean.FALSE.equals(conversation.get("add_generation_prompt")));
    if (conversation.get("tools") != null) {
      options = options.withTools(ToolDefinition.fromJson(Json.write(conversation.get("tools"))));
    }
    if (expected.get("rendered") instanceof String rendered) {
      assertEquals(rendered, template.render(messages, options));
    } else {
      RenderOptions last = options;
      TemplateException failure =
          assertThrows(TemplateException.class, () -> template.render(messages, last));
      assertEquals(expected.get("error"), "TemplateError: " + failure.raised());
    }
  }

  private static Message message(Map<?, ?> message) {
    List<ToolCall> calls = new ArrayList<>();
    if (message.get("tool_calls") instanceof List<?> list) {
      for (Object element : list) {
        Map<?, ?> call = (Map<?, ?>) element;
        Map<?, ?> function = (Map<?, ?>) call.get("function");
        calls.add(
            new ToolCall(
                (String) call.get("id"),
                (String) function.get("name"),
                Json.write(function.get("arguments"))));
      }
    }
    return new Message(
        (String) message.get("role"),
        (String) message.get("content"),
        null,
        calls,
        (String) message.get("tool_call_id"),
        (String) message.get("name"));
  }
}
