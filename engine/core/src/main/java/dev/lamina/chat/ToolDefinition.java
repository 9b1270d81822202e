package dev.lamina.chat;

import dev.lamina.chat.json.Json;
import dev.lamina.chat.json.JsonException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A function that the model may call.
 *
 * @param name its name
 * @param description what it does, for the model; may be null
 * @param parameters its JSON schema as values (see {@link Json}), keys in the order in which the
 *     model shall see them
 */
public record ToolDefinition(String name, String description, Map<String, Object> parameters) {
  public ToolDefinition {
    Objects.requireNonNull(name, "name");
    parameters = new LinkedHashMap<>(parameters);
  }

  /**
   * Reads tools as OpenAI's API and transformers write them: a list of {@code {"type": "function",
   * "function": {"name", "description", "parameters"}}}, or of the inner objects alone.
   *
   * @throws JsonException where the text is something else
   */
  public static List<ToolDefinition> fromJson(String json) {
    List<ToolDefinition> tools = new ArrayList<>();
    List<?> elements = Json.read(json) instanceof List<?> list ? list : List.of(Json.read(json));
    for (Object element : elements) {
      tools.add(fromValue(element));
    }
    return tools;
  }

  private static ToolDefinition fromValue(Object value) {
    if (!(value instanceof Map<?, ?> outer)) {
      throw new JsonException("a tool must be an object");
    }
    Map<?, ?> tool = outer.get("function") instanceof Map<?, ?> function ? function : outer;
    if (!(tool.get("name") instanceof String name)) {
      throw new JsonException("a tool needs a \"name\"");
    }
    Map<String, Object> parameters = new LinkedHashMap<>();
    if (tool.get("parameters") instanceof Map<?, ?> schema) {
      schema.forEach((key, v) -> parameters.put(String.valueOf(key), v));
    }
    return new ToolDefinition(
        name, tool.get("description") instanceof String text ? text : null, parameters);
  }

  /** As templates see it. */
  Map<String, Object> toValue() {
    Map<String, Object> function = new LinkedHashMap<>();
    function.put("name", name);
    if (description != null) {
      function.put("description", description);
    }
    function.put("parameters", parameters);
    Map<String, Object> tool = new LinkedHashMap<>();
    tool.put("type", "function");
    tool.put("function", function);
    return tool;
  }
}
