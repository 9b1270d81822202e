package dev.lamina.chat;

import java.util.List;
import java.util.Objects;

/**
 * One turn of a conversation.
 *
 * @param role {@code system}, {@code user}, {@code assistant}, {@code tool}, or what else the
 *     model's template knows
 * @param content its text; null only where an assistant's turn is tool calls alone
 * @param reasoning what the model thought before it answered; null where it did not
 * @param toolCalls what the assistant asked for; empty for most turns
 * @param toolCallId for the role {@code tool}: the call that this is the result of; may be null
 * @param name for the role {@code tool}: the function's name; may be null
 */
public record Message(
    String role,
    String content,
    String reasoning,
    List<ToolCall> toolCalls,
    String toolCallId,
    String name) {

  public Message {
    Objects.requireNonNull(role, "role");
    toolCalls = List.copyOf(toolCalls);
    if (content == null && toolCalls.isEmpty()) {
      throw new IllegalArgumentException("a message without tool calls needs a content");
    }
  }

  public static Message of(String role, String content) {
    return new Message(role, content, null, List.of(), null, null);
  }

  public static Message system(String content) {
    return of("system", content);
  }

  public static Message user(String content) {
    return of("user", content);
  }

  public static Message assistant(String content) {
    return of("assistant", content);
  }

  /** An answer with what was thought before it (or null) and the tool calls in it. */
  public static Message assistant(String content, String reasoning, List<ToolCall> toolCalls) {
    return new Message("assistant", content, reasoning, toolCalls, null, null);
  }

  /** The result of a tool call. */
  public static Message toolResult(ToolCall call, String content) {
    return new Message("tool", content, null, List.of(), call.id(), call.name());
  }
}
