package dev.lamina.chat.jinja;

import java.time.LocalDateTime;
import java.util.List;
import java.util.Map;

/**
 * A parsed template. Immutable and safe to render from several threads at once.
 *
 * <p>The dialect is that of transformers' chat templates: Jinja 3.1 with {@code trim_blocks},
 * {@code lstrip_blocks}, loop controls and the {@code generation} tag, in a sandbox of immutable
 * values; the globals {@code raise_exception} and {@code strftime_now}; {@code tojson} as plain
 * {@code json.dumps}. Templates cannot reach other templates, files, or anything of the host.
 */
public final class JinjaTemplate {
  private final List<Stmt> statements;
  private final Limits limits;

  private JinjaTemplate(List<Stmt> statements, Limits limits) {
    this.statements = statements;
    this.limits = limits;
  }

  /**
   * Parses a template.
   *
   * @throws TemplateException where it is not well formed, or too long
   */
  public static JinjaTemplate parse(String source) {
    return parse(source, Limits.DEFAULT);
  }

  /** Parses a template that shall run within the given limits. */
  public static JinjaTemplate parse(String source, Limits limits) {
    if (source.length() > limits.maxSource()) {
      throw new TemplateException(
          "the chat template has "
              + source.length()
              + " characters, more than "
              + limits.maxSource());
    }
    try {
      return new JinjaTemplate(Parser.parse(source), limits);
    } catch (StackOverflowError e) {
      throw new TemplateException("the chat template nests too deep for this thread's stack");
    }
  }

  /**
   * Renders the template.
   *
   * @param variables strings, numbers, booleans, null, lists and maps of these; the same values
   *     always give the same text
   * @param now what {@code strftime_now} prints
   * @throws TemplateException where the template fails, refuses or exceeds its limits
   */
  public String render(Map<String, ?> variables, LocalDateTime now) {
    Work work = new Work(limits, now, Values.size(variables, 0));
    Scope globals = new Scope(null);
    Globals.define(globals);
    Scope scope = new Scope(globals);
    variables.forEach((name, value) -> scope.set(name, Values.of(value, work)));
    try {
      return new Renderer(work).render(statements, scope);
    } catch (StackOverflowError e) {
      // The limit of depth lies far below a usual stack; a caller that has used up most of a small
      // one still gets a sentence. Nothing outlives the render that could be left half done.
      throw work.error("it recurses too deep for this thread's stack");
    }
  }
}
