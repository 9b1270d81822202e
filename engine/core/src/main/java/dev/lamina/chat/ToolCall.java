package dev.lamina.chat;

import dev.lamina.chat.json.Json;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * A call of a function that the model asks for.
 *
 * @param id what the answer refers to; null where the model's format has none
 * @param name the function's name
 * @param arguments a JSON object as text
 */
public record ToolCall(String id, String name, String arguments) {
  public ToolCall {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(arguments, "arguments");
  }

  /** The same call under another id. */
  public ToolCall withId(String newId) {
    return new ToolCall(newId, name, arguments);
  }

  /**
   * The arguments as values (see {@link Json}).
   *
   * @throws dev.lamina.chat.json.JsonException where they are no JSON object
   */
  public Map<String, Object> argumentValues() {
    return Json.readObject(arguments);
  }

  /** As templates see it, with the arguments given as they want them. */
  Map<String, Object> toValue(Object argumentsValue) {
    Map<String, Object> function = new LinkedHashMap<>();
    function.put("name", name);
    function.put("arguments", argumentsValue);
    Map<String, Object> call = new LinkedHashMap<>();
    if (id != null) {
      call.put("id", id);
    }
    call.put("type", "function");
    call.put("function", function);
    return call;
  }
}
