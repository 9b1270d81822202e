package dev.lamina.chat;

import dev.lamina.chat.json.Json;
import dev.lamina.chat.json.JsonException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads the text of tool calls, without the marks around it. A model may write anything there: what
 * is no call gives null, and never an exception.
 */
final class ToolCallReader {
  /** {@code name.call(key="value", ...)}, Llama's form for its built-in tools. */
  private static final Pattern LLAMA_CALL =
      Pattern.compile("\\s*([A-Za-z_]\\w*)\\.call\\((.*)\\)\\s*", Pattern.DOTALL);

  private static final Pattern LLAMA_ARGUMENT =
      Pattern.compile("\\s*([A-Za-z_]\\w*)\\s*=\\s*(\"(?:[^\"\\\\]|\\\\.)*+\")\\s*(,|$)");

  /** What else an object may have that is a call; an answer can be JSON and no call. */
  private static final Set<String> LLAMA_KEYS =
      Set.of("name", "parameters", "arguments", "type", "id");

  private static final Pattern NAME = Pattern.compile("[A-Za-z_][\\w.-]*");

  private ToolCallReader() {}

  /** The call that a JSON object describes. */
  static ToolCall object(String json) {
    try {
      return callOf(Json.readObject(json));
    } catch (JsonException e) {
      return null;
    }
  }

  private static ToolCall callOf(Map<?, ?> object) {
    // OpenAI's nesting, which some models imitate.
    Map<?, ?> call = object.get("function") instanceof Map<?, ?> inner ? inner : object;
    Object arguments =
        call.containsKey("arguments") ? call.get("arguments") : call.get("parameters");
    if (!(call.get("name") instanceof String name) || name.isEmpty()) {
      return null;
    }
    if (arguments == null) {
      arguments = Map.of();
    }
    if (arguments instanceof String text) {
      try {
        arguments = Json.readObject(text);
      } catch (JsonException e) {
        return null;
      }
    }
    if (!(arguments instanceof Map<?, ?>)) {
      return null;
    }
    String id = object.get("id") instanceof String given ? given : null;
    return new ToolCall(id, name, Json.write(arguments));
  }

  /** The calls of a JSON array; null also where one of its elements is none. */
  static List<ToolCall> array(String json) {
    try {
      if (!(Json.read(json) instanceof List<?> list) || list.isEmpty()) {
        return null;
      }
      List<ToolCall> calls = new ArrayList<>();
      for (Object element : list) {
        ToolCall call = element instanceof Map<?, ?> object ? callOf(object) : null;
        if (call == null) {
          return null;
        }
        calls.add(call);
      }
      return calls;
    } catch (JsonException e) {
      return null;
    }
  }

  /** A call with its id (which may be null) and name before the JSON object of its arguments. */
  static ToolCall named(String id, String name, String json) {
    if (!NAME.matcher(name).matches()) {
      return null;
    }
    try {
      return new ToolCall(id, name, Json.write(Json.readObject(json)));
    } catch (JsonException e) {
      return null;
    }
  }

  /** The call that a JSON object describes, if it has the keys of one and no others. */
  static ToolCall llama(String json) {
    try {
      Map<String, Object> object = Json.readObject(json);
      boolean only = LLAMA_KEYS.containsAll(object.keySet());
      boolean both = object.containsKey("parameters") || object.containsKey("arguments");
      return only && both ? callOf(object) : null;
    } catch (JsonException e) {
      return null;
    }
  }

  /** {@code name.call(key="value", ...)}. */
  static ToolCall builtin(String call) {
    Matcher parts = LLAMA_CALL.matcher(call);
    if (!parts.matches()) {
      return null;
    }
    String text = parts.group(2);
    Map<String, Object> arguments = new LinkedHashMap<>();
    Matcher matcher = LLAMA_ARGUMENT.matcher(text);
    int at = 0;
    while (at < text.length()) {
      if (!matcher.region(at, text.length()).lookingAt()) {
        return null;
      }
      try {
        arguments.put(matcher.group(1), Json.read(matcher.group(2)));
      } catch (JsonException e) {
        return null;
      }
      at = matcher.end();
    }
    return new ToolCall(null, parts.group(1), Json.write(arguments));
  }
}
