package dev.lamina.chat.jinja;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.lamina.chat.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Mutated templates: each renders or fails with a {@link TemplateException}, within its limits. */
class TemplateFuzzTest {
  private static final int RUNS = 20_000;
  private static final LocalDateTime NOW = LocalDateTime.of(2026, 1, 2, 0, 0);

  /** Small, so that twenty thousand templates that use all of them take seconds. */
  private static final Limits LIMITS = new Limits(1 << 16, 20_000, 1 << 18, 1 << 16, 5_000, 500);

  private static final String[] PIECES = {
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    "-",
    "+",
    "*",
    "**",
    "//",
    "/",
    "%",
    "~",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    ",",
    ".",
    "|",
    "==",
    "<",
    ">=",
    "=",
    "'",
    "\"",
    "\\",
    "\n",
    " ",
    "if",
    "else",
    "elif",
    "endif",
    "for",
    "in",
    "endfor",
    "set",
    "endset",
    "macro",
    "endmacro",
    "call",
    "endcall",
    "is",
    "not",
    "and",
    "or",
    "none",
    "true",
    "loop",
    "loop.index",
    "recursive",
    "break",
    "range(99)",
    "namespace()",
    "raw",
    "endraw",
    "filter",
    "endfilter",
    "with",
    "endwith",
    "tojson",
    "map",
    "join",
    "list",
    "sort",
    "users",
    "d",
    "l",
    "s",
    "u",
    "1",
    "0",
    "-1",
    "2.5",
    "99999999999",
    "1e308",
    "x",
    "m",
    "caller()",
    "\u00e9",
    "\ud83d\ude00",
    "\u0000",
    "\ud800",
    ".format",
    ".split",
    "replace"
  };

  @Test
  void mutatedTemplatesFailCleanly() throws IOException {
    Map<String, Object> data;
    try (InputStream in = TemplateFuzzTest.class.getResourceAsStream("cases.json")) {
      data = Json.readObject(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    }
    List<String> seeds = new ArrayList<>();
    for (Object element : (List<?>) data.get("cases")) {
      seeds.add((String) ((Map<?, ?>) element).get("template"));
    }
    Map<String, Object> variables = Json.readObject(Json.write(data.get("variables")));
    Random random = new Random(20260102);
    int rendered = 0;
    long slowest = 0;
    for (int run = 0; run < RUNS; run++) {
      String template = mutate(seeds, random);
      long start = System.nanoTime();
      try {
        JinjaTemplate.parse(template, LIMITS).render(variables, NOW);
        rendered++;
      } catch (TemplateException e) {
        assertTrue(
            e.getMessage().startsWith("chat template, line ") || e.raised() != null,
            e.getMessage());
      } catch (RuntimeException | Error e) {
        fail("run " + run + ": " + template, e);
      }
      slowest = Math.max(slowest, System.nanoTime() - start);
    }
    assertTrue(rendered > RUNS / 50, "only " + rendered + " of " + RUNS + " rendered");
    assertTrue(slowest < 5_000_000_000L, "one template took " + slowest / 1_000_000 + " ms");
  }

  private static String mutate(List<String> seeds, Random random) {
    StringBuilder text = new StringBuilder(seeds.get(random.nextInt(seeds.size())));
    for (int edits = 1 + random.nextInt(4); edits > 0; edits--) {
      int at = random.nextInt(text.length() + 1);
      int end = Math.min(text.length(), at + random.nextInt(12));
      switch (random.nextInt(7)) {
        case 0 -> text.delete(at, end);
        case 1 -> text.insert(at, PIECES[random.nextInt(PIECES.length)]);
        case 2 -> text.replace(at, end, PIECES[random.nextInt(PIECES.length)]);
        case 3 -> text.insert(at, text.substring(at, end));
        case 4 -> {
          String other = seeds.get(random.nextInt(seeds.size()));
          int from = random.nextInt(other.length());
          text.insert(
              at, other.substring(from, Math.min(other.length(), from + random.nextInt(40))));
        }
        case 5 -> text.insert(at, seeds.get(random.nextInt(seeds.size())));
        default -> {
          String piece = PIECES[random.nextInt(PIECES.length)];
          text.insert(at, piece.repeat(1 + random.nextInt(300)));
        }
      }
    }
    return text.toString();
  }
}
