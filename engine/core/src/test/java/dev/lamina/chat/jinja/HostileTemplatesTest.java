package dev.lamina.chat.jinja;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Templates that try to take all of the time, the memory or the stack, or to reach the host. */
class HostileTemplatesTest {
  private static final LocalDateTime NOW = LocalDateTime.of(2026, 1, 2, 0, 0);
  private static final Map<String, Object> VARIABLES =
      Map.of("s", "Hello", "l", List.of(1, 2, 3), "d", Map.of("a", 1));

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{ 'a' * 10**9 }}",
        "{{ 'a' * 10**30 }}",
        "{{ [0] * 10**12 }}",
        "{{ range(10**12) }}",
        "{{ range(0, 10**30, 3) }}",
        "{{ 10**(10**10) }}",
        "{{ 9**99999 }}",
        "{% set ns = namespace(x=9) %}{% for i in range(99999) %}{% set ns.x = ns.x * ns.x %}{%"
            + " endfor %}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor"
            + " %}{% endfor %}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{{ a() }}{% endmacro %}{{"
            + " a() }}",
        "{% macro m(n) %}{% if n %}{{ m(n-1) }}{{ m(n-1) }}{% endif %}{% endmacro %}{{ m(60) }}",
        "{% for x in l recursive %}{{ loop(l) }}{% endfor %}",
        "{% set ns = namespace(x='aaaaaaaa') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x"
            + " %}{% endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{%"
            + " endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(90) %}{% set ns.x = [ns.x, ns.x] %}{%"
            + " endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(90) %}{% set ns.x = [ns.x, ns.x] %}{%"
            + " endfor %}{{ ns.x|tojson }}",
        "{% set ns = namespace(x=[1],y=[1]) %}{% for i in range(90) %}{% set ns.x = [ns.x, ns.x]"
            + " %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(9999) %}{% set ns.x = [ns.x] %}{% endfor"
            + " %}{{ ns.x }}",
        "{% set ns = namespace(x=1) %}{% set ns.x = [ns] %}{{ ns }}",
        "{% set ns = namespace() %}{% for i in range(99999) %}{% set ns.x = s * 1000000 %}{% endfor"
            + " %}",
        "{{ '%999999999d' % 1 }}",
        "{{ '%.999999999f' % 1 }}",
        "{{ '%*d' % (10**9, 1) }}",
        "{{ '{:999999999}'.format(1) }}",
        "{{ '{:.99999999f}'.format(1) }}",
        "{{ ('{:>99999}' * 9999).format(*range(9999)) }}",
        "{{ 'a'.ljust(10**9) }}",
        "{{ 'a'|center(10**9) }}",
        "{{ ('a' * 1000000).replace('a', 'b' * 1000000) }}",
        "{{ ('a' * 1000000)|replace('', 'b' * 1000) }}",
        "{{ ('a,' * 1000000).split(',') }}",
        "{{ ('b' * 1000000).join('a' * 99999) }}",
        "{{ ('\\t' * 1000000).expandtabs(10**8) }}",
        "{{ ('a\n' * 1000000)|indent(1000) }}",
        "{{ [1]|batch(10**9, 'x')|list }}",
        "{{ [1]|slice(10**9)|list }}",
        "{{ l|tojson(indent=10**9) }}",
        "{{ (range(99999)|list)|tojson(indent=1000) }}",
        "{% for i in range(99999) %}{{ range(99999)|sum }}{% endfor %}",
        "{% for i in range(99999) %}{{ range(99999)|map('string')|unique|list|length }}{% endfor"
            + " %}",
        "{% for i in range(99999) %}{{ range(99999)|sort(reverse=true)|list|length }}{% endfor %}",
        "{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}",
        "{% set x = 'a' * 1000000 %}{% for i in range(99999) %}{{ x in x ~ 'b' }}{% endfor %}",
        "{% for i in range(99999) %}{{ ('x' * 99999)|wordcount }}{% endfor %}",
        "{{ cycler(*range(99999)) }}{{ dict(**range) }}",
        "{{ strftime_now('%c' * 10000000) }}",
      })
  void isStopped(String template) {
    TemplateException failure =
        assertTimeoutPreemptively(
            Duration.ofSeconds(20),
            () ->
                assertThrows(
                    TemplateException.class,
                    () -> JinjaTemplate.parse(template).render(VARIABLES, NOW)));
    assertTrue(failure.getMessage().startsWith("chat template, line "), failure.getMessage());
    assertTrue(failure.getMessage().length() < 300, failure.getMessage());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{ ''.__class__ }}",
        "{{ s.getClass() }}",
        "{{ s.__init__ }}{{ s['__class__'] }}",
        "{{ d.__getitem__ }}{{ l.__class__.__base__ }}",
        "{{ self }}{{ request }}{{ config }}{{ cycler.__init__ }}",
        "{{ range.__globals__ }}{{ namespace.__class__ }}",
        "{{ s|attr('__class__') }}",
        "{{ [s]|map(attribute='__class__')|list }}",
        "{{ '{0.__class__}'.format(s) }}",
        "{{ lipsum }}{{ loop }}{{ caller }}",
      })
  void findsNothingOfTheHost(String template) {
    String text;
    try {
      text = JinjaTemplate.parse(template).render(VARIABLES, NOW);
    } catch (TemplateException e) {
      text = "";
    }
    assertTrue(text.isEmpty() || text.equals("[Undefined]"), text);
  }

  /** Nesting that would overflow a recursive parser or evaluator, also on a small stack. */
  @Test
  void deepNestingIsRefused() throws InterruptedException {
    int n = 20_000;
    List<String> templates =
        List.of(
            "{{ " + "(".repeat(n) + "1" + ")".repeat(n) + " }}",
            "{{ " + "[".repeat(n) + "]".repeat(n) + " }}",
            "{{ " + "{1:".repeat(n) + "1" + "}".repeat(n) + " }}",
            "{{ " + "not ".repeat(n) + "1 }}",
            "{{ " + "-".repeat(n) + "1 }}",
            "{{ 1" + " + 1".repeat(n) + " }}",
            "{{ 1" + " and 1".repeat(n) + " }}",
            "{{ 1" + " ** 1".repeat(n) + " }}",
            "{{ 1" + " if 1 else 1".repeat(n) + " }}",
            "{{ s" + ".a".repeat(n) + " }}",
            "{{ s" + "[0]".repeat(n) + " }}",
            "{{ s" + "()".repeat(n) + " }}",
            "{{ s" + "|upper".repeat(n) + " }}",
            "{{ s" + " is string".repeat(n) + " }}",
            "{% if 1 %}".repeat(n) + "{% endif %}".repeat(n),
            "{% for x in l %}".repeat(n) + "{% endfor %}".repeat(n),
            "{% macro m() %}".repeat(n) + "{% endmacro %}".repeat(n),
            "{% set x %}".repeat(n) + "{% endset %}".repeat(n),
            "{% for " + "(".repeat(n) + "x" + ")".repeat(n) + " in l %}{% endfor %}",
            "{% call ".repeat(n),
            "{{ f(".repeat(n),
            "{{ '{" + "{0:".repeat(n) + "}".repeat(n) + "'.format(1) }}");
    AtomicReference<Throwable> other = new AtomicReference<>();
    Thread small =
        new Thread(
            null,
            () -> {
              for (String template : templates) {
                try {
                  JinjaTemplate.parse(template).render(VARIABLES, NOW);
                  other.set(new AssertionError("rendered: " + template.substring(0, 40)));
                } catch (TemplateException expected) {
                  // what this is about
                } catch (Throwable e) {
                  other.set(new AssertionError(template.substring(0, 40), e));
                }
              }
            },
            "small stack",
            512 * 1024);
    small.start();
    small.join();
    if (other.get() != null) {
      throw new AssertionError(other.get());
    }
  }

  @Test
  void usualNestingIsNotRefused() {
    String sum = "{{ 1" + " + 1".repeat(300) + " }}";
    assertTrue(JinjaTemplate.parse(sum).render(Map.of(), NOW).equals("301"));
    String macros =
        "{% macro m(n) %}{% if n %}{{ n }},{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(50) }}";
    assertTrue(JinjaTemplate.parse(macros).render(Map.of(), NOW).endsWith(",2,1,"));
  }
}
