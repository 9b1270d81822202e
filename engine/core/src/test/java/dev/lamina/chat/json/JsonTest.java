package dev.lamina.chat.json;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
  @Test
  void readsEveryKindOfValue() {
    Object value =
        Json.read(
            " {\"a\": [1, -2.5, 1e3, true, false, null], \"b\": {},\n\"c\": \"\\u00e9\\n\\\"\\/\","
                + " \"d\": 123456789012345678901234567890, \"e\": 9223372036854775807 } ");
    Map<?, ?> map = (Map<?, ?>) value;
    assertEquals(List.of("a", "b", "c", "d", "e"), new ArrayList<>(map.keySet()));
    assertEquals(Arrays.asList(1L, -2.5, 1000.0, true, false, null), map.get("a"));
    assertEquals(Map.of(), map.get("b"));
    assertEquals("\u00e9\n\"/", map.get("c"));
    assertEquals(new BigInteger("123456789012345678901234567890"), map.get("d"));
    assertEquals(Long.MAX_VALUE, map.get("e"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "{",
        "[",
        "[1",
        "[1,",
        "[1,]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "'a'",
        "\"a",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"a\nb\"",
        "01",
        "1.",
        ".5",
        "+1",
        "-",
        "1e",
        "--1",
        "nul",
        "truex",
        "1 2",
        "[1] x",
        "{\"a\":1,\"a\":2}",
        "NaN",
        "Infinity",
        "\u00a01",
        "]",
        "{\"a\" 1}",
        "[1 2]",
        "\\u0031",
        "\uff11"
      })
  void refusesWhatIsNotJson(String text) {
    JsonException e = assertThrows(JsonException.class, () -> Json.read(text));
    assertTrue(e.getMessage().startsWith("JSON, character "), e.getMessage());
  }

  @Test
  void boundsDepthAndDigits() {
    assertThrows(JsonException.class, () -> Json.read("[".repeat(1_000_000)));
    assertThrows(JsonException.class, () -> Json.read("{\"a\":".repeat(1_000_000)));
    assertThrows(JsonException.class, () -> Json.read("1".repeat(1_000_000)));
    assertEquals(
        Json.read("[".repeat(150) + "]".repeat(150)).toString(), "[".repeat(150) + "]".repeat(150));
    List<Object> circle = new ArrayList<>();
    circle.add(circle);
    assertThrows(JsonException.class, () -> Json.write(circle));
  }

  @Test
  void writesAsPythonDoes() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("b", List.of(1, 2.0, "x\u0001\u007f\n"));
    map.put("a", null);
    assertEquals("{\"b\": [1, 2.0, \"x\\u0001\u007f\\n\"], \"a\": null}", Json.write(map));
    assertEquals(
        "{\"b\":[1,2.0,\"x\\u0001\u007f\\n\"],\"a\":null}", Json.write(map, Json.Format.COMPACT));
    assertEquals(
        "{\n  \"b\": [\n    1,\n    2.0,\n    \"x\\u0001\u007f\\n\"\n  ],\n  \"a\": null\n}",
        Json.write(map, Json.Format.PRETTY));
    assertEquals("[]", Json.write(List.of(), Json.Format.PRETTY));
    assertThrows(JsonException.class, () -> Json.write(new Object()));
  }

  /** Python's {@code repr} of the same doubles. */
  @ParameterizedTest
  @CsvSource({
    "1, 1.0",
    "-0.0, -0.0",
    "0.1, 0.1",
    "1e16, 1e+16",
    "9999999999999998, 9999999999999998.0",
    "123456.789, 123456.789",
    "0.0001, 0.0001",
    "0.00001, 1e-05",
    "1.5e-7, 1.5e-07",
    "5e-324, 5e-324",
    "1e22, 1e+22",
    "1.7976931348623157e308, 1.7976931348623157e+308",
    "2.2250738585072014e-308, 2.2250738585072014e-308",
    "100, 100.0",
    "1e100, 1e+100",
    "12345678901234567, 1.2345678901234568e+16"
  })
  void printsNumbersAsPythonDoes(double number, String text) {
    assertEquals(text, Json.number(number));
  }

  @Test
  void readsWhatItWrites() {
    Random random = new Random(7);
    for (int i = 0; i < 2_000; i++) {
      Object value = value(random, 0);
      assertEquals(value, Json.read(Json.write(value)));
      assertEquals(value, Json.read(Json.write(value, Json.Format.PRETTY)));
    }
  }

  private static Object value(Random random, int depth) {
    return switch (random.nextInt(depth > 4 ? 5 : 7)) {
      case 0 -> random.nextLong();
      case 1 -> Double.longBitsToDouble(random.nextLong() & 0x7fef_ffff_ffff_ffffL);
      case 2 -> random.nextBoolean();
      case 3 -> null;
      case 4 -> {
        StringBuilder s = new StringBuilder();
        random.ints(random.nextInt(8), 0, 0x300).forEach(s::appendCodePoint);
        yield s.toString();
      }
      case 5 -> {
        List<Object> list = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
          list.add(value(random, depth + 1));
        }
        yield list;
      }
      default -> {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = random.nextInt(4); i > 0; i--) {
          map.put("k" + random.nextInt(100), value(random, depth + 1));
        }
        yield map;
      }
    };
  }
}
