package dev.lamina.chat;

import java.time.LocalDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a template sees beside the messages. Make one with {@link #DEFAULT} and the {@code with...}
 * methods.
 *
 * @param addGenerationPrompt whether the text ends with the beginning of the assistant's turn
 * @param tools the functions that the model may call; empty for none
 * @param bos the text of the vocabulary's BOS token; null where it has none
 * @param eos the text of its EOS token; null where it has none
 * @param now the date and time for {@code strftime_now}; null for the clock's
 * @param variables further variables by name, such as {@code enable_thinking} or {@code
 *     date_string}: strings, numbers, booleans, null, lists and maps of these
 */
public record RenderOptions(
    boolean addGenerationPrompt,
    List<ToolDefinition> tools,
    String bos,
    String eos,
    LocalDateTime now,
    Map<String, Object> variables) {

  /** The assistant's turn begins; no tools, no special tokens, today's date. */
  public static final RenderOptions DEFAULT =
      new RenderOptions(true, List.of(), null, null, null, Map.of());

  public RenderOptions {
    tools = List.copyOf(tools);
    variables = new LinkedHashMap<>(variables);
  }

  public RenderOptions withGenerationPrompt(boolean add) {
    return new RenderOptions(add, tools, bos, eos, now, variables);
  }

  public RenderOptions withTools(List<ToolDefinition> newTools) {
    return new RenderOptions(addGenerationPrompt, newTools, bos, eos, now, variables);
  }

  public RenderOptions withTokens(String newBos, String newEos) {
    return new RenderOptions(addGenerationPrompt, tools, newBos, newEos, now, variables);
  }

  public RenderOptions withNow(LocalDateTime time) {
    return new RenderOptions(addGenerationPrompt, tools, bos, eos, time, variables);
  }

  /** Adds one variable, or replaces it. */
  public RenderOptions with(String name, Object value) {
    Map<String, Object> more = new LinkedHashMap<>(variables);
    more.put(name, value);
    return new RenderOptions(addGenerationPrompt, tools, bos, eos, now, more);
  }
}
