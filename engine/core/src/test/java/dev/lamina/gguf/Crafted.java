package dev.lamina.gguf;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;

/** What tests of files that are wrong in one way each share. */
final class Crafted {
  private Crafted() {}

  /** Asserts that opening fails, and that the message names the file and holds these words. */
  static void refused(RawGguf raw, String... words) {
    refused(raw.toByteArray(), words);
  }

  static void refused(byte[] bytes, String... words) {
    GgufException e =
        assertThrows(
            GgufException.class,
            () -> GgufFile.parse(MemorySegment.ofArray(bytes), "crafted.gguf"));
    String message = e.getMessage();
    assertTrue(message.startsWith("crafted.gguf: "), message);
    for (String word : words) {
      assertTrue(message.contains(word), message);
    }
  }

  static RawGguf oneKey() {
    return RawGguf.file(3, 0, 1);
  }

  static RawGguf oneTensor() {
    return RawGguf.file(3, 1, 0);
  }

  static RawGguf twoTensors() {
    return RawGguf.file(3, 2, 0);
  }
}
