package dev.lamina.chat.jinja;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lamina.chat.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Small templates, one or a few features each, against what Python's jinja2 3.1.6 renders in
 * transformers' set-up (sandbox, {@code trim_blocks}, {@code lstrip_blocks}, loop controls, plain
 * {@code json.dumps}), or that it fails.
 */
class JinjaCasesTest {
  private static final LocalDateTime NOW = LocalDateTime.of(2026, 1, 2, 15, 4, 5);

  @TestFactory
  List<DynamicTest> rendersAsJinja2Does() throws IOException {
    Map<String, Object> data;
    try (InputStream in = JinjaCasesTest.class.getResourceAsStream("cases.json")) {
      data = Json.readObject(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    }
    Map<String, Object> variables = Json.readObject(Json.write(data.get("variables")));
    List<DynamicTest> tests = new ArrayList<>();
    for (Object element : (List<?>) data.get("cases")) {
      Map<?, ?> test = (Map<?, ?>) element;
      String template = (String) test.get("template");
      tests.add(
          DynamicTest.dynamicTest(
              Text.shorten(template, 80).replace('\n', ' '),
              () -> check(template, variables, test)));
    }
    return tests;
  }

  private static void check(String template, Map<String, Object> variables, Map<?, ?> expected) {
    if (expected.get("rendered") instanceof String rendered) {
      assertEquals(rendered, JinjaTemplate.parse(template).render(variables, NOW));
    } else {
      TemplateException failure =
          assertThrows(
              TemplateException.class,
              () -> JinjaTemplate.parse(template).render(variables, NOW),
              () -> "jinja2: " + expected.get("error"));
      String error = (String) expected.get("error");
      if (error.startsWith("TemplateError: ")) {
        assertEquals(error.substring("TemplateError: ".length()), failure.raised());
      }
    }
  }
}
