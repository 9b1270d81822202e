package dev.lamina.app;

import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;

/** Writes maps, lists and scalars as JSON: what all {@code --json} output goes through. */
final class Json {

  private Json() {}

  /**
   * Writes one value and a line end, indented for people.
   *
   * @param value a {@link Map} with string keys, a {@link List}, a {@link String}, {@link Number},
   *     {@link Boolean} or null, nested at will. Numbers that JSON lacks (NaN, infinities) are
   *     written as strings
   */
  static void print(PrintWriter out, Object value) {
    var json = new JsonWriter(out);
    json.setIndent("  ");
    write(json, value);
    out.println();
  }

  /** As {@link #print}, on one line. */
  static void printLine(PrintWriter out, Object value) {
    write(new JsonWriter(out), value);
    out.println();
  }

  private static void write(JsonWriter json, Object value) {
    try {
      json.setHtmlSafe(false);
      json.setSerializeNulls(true);
      put(json, value);
      json.flush();
    } catch (IOException e) {
      // A PrintWriter keeps its errors to itself.
      throw new UncheckedIOException(e);
    }
  }

  private static void put(JsonWriter json, Object value) throws IOException {
    switch (value) {
      case null -> json.nullValue();
      case String s -> json.value(s);
      case Boolean b -> json.value(b);
      case Float f when !Float.isFinite(f) -> json.value(f.toString());
      case Double d when !Double.isFinite(d) -> json.value(d.toString());
      case Number n -> json.value(n);
      case Map<?, ?> map -> {
        json.beginObject();
        for (Map.Entry<?, ?> entry : map.entrySet()) {
          json.name(entry.getKey().toString());
          put(json, entry.getValue());
        }
        json.endObject();
      }
      case List<?> list -> {
        json.beginArray();
        for (Object element : list) {
          put(json, element);
        }
        json.endArray();
      }
      default -> throw new IllegalArgumentException("no JSON for " + value.getClass());
    }
  }
}
