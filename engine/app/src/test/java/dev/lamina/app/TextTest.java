package dev.lamina.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TextTest {

  @Test
  void sizes() {
    assertEquals("0 B", Text.bytes(0));
    assertEquals("1023 B", Text.bytes(1023));
    assertEquals("1.00 KiB", Text.bytes(1024));
    assertEquals("4.50 GiB", Text.bytes((9L << 30) / 2));
    assertEquals("999", Text.count(999));
    assertEquals("4.99 M", Text.count(4_989_184));
    assertEquals("1.24 B", Text.count(1_235_814_432));
  }

  @Test
  void textFromFilesCannotDriveTheTerminal() {
    assertEquals("a\\u001b[2Jb\\n\\t\\u202ec", Text.printable("a\u001b[2Jb\n\t\u202ec", 100));
    assertEquals("ab...", Text.printable("abcd", 2));
    assertEquals("🦊", Text.printable("🦊", 2));
  }

  @Test
  void tablesAlign() {
    assertEquals(
        "  name  size\n  a       10\n  bb       9\n",
        Text.table("lr", List.of(List.of("name", "size"), List.of("a", "10"), List.of("bb", "9"))));
  }

  @Test
  void json() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("text", "a\"b\n<é>");
    map.put("nothing", null);
    map.put("numbers", List.of(1L, 0.5f, Double.NaN, Float.NEGATIVE_INFINITY));
    var out = new StringWriter();
    Json.printLine(new PrintWriter(out, true), map);
    assertEquals(
        "{\"text\":\"a\\\"b\\n<é>\",\"nothing\":null,\"numbers\":[1,0.5,\"NaN\",\"-Infinity\"]}\n",
        out.toString());
  }
}
