package dev.lamina.chat;

import java.util.EnumSet;
import java.util.Set;

/** The ways in which models write tool calls. */
public enum ToolCallFormat {
  /** Hermes, Qwen 2.5 and 3: {@code <tool_call>{"name": ..., "arguments": {...}}</tool_call>}. */
  HERMES,

  /**
   * Llama 3.1 and later: an answer that is one object {@code {"name": ..., "parameters": {...}}},
   * or more with semicolons, perhaps after {@code <|python_tag|>}; or {@code
   * <|python_tag|>name.call(key="value")}.
   */
  LLAMA,

  /**
   * Mistral: {@code [TOOL_CALLS][{"name": ..., "arguments": {...}, "id": ...}]}, or {@code
   * [TOOL_CALLS]name[ARGS]{...}} of the newer ones.
   */
  MISTRAL;

  /** The formats that a template speaks of. */
  static Set<ToolCallFormat> in(String template) {
    Set<ToolCallFormat> formats = EnumSet.noneOf(ToolCallFormat.class);
    if (template.contains("<tool_call>")) {
      formats.add(HERMES);
    }
    if (template.contains("[TOOL_CALLS]")) {
      formats.add(MISTRAL);
    }
    if (template.contains("<|python_tag|>")
        || template.contains("\"parameters\": ") && template.contains("ipython")) {
      formats.add(LLAMA);
    }
    return formats;
  }
}
