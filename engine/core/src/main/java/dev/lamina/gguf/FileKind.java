package dev.lamina.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Tells GGUF files from what is often found in their place. */
final class FileKind {
  private FileKind() {}

  /** Throws with a guess at what the file is instead where it does not begin as a GGUF file. */
  static void requireGguf(MemorySegment bytes, String source) {
    byte[] head = new byte[(int) Math.min(bytes.byteSize(), 64)];
    MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, 0, head, 0, head.length);
    String text = new String(head, StandardCharsets.ISO_8859_1);
    if (!text.startsWith("GGUF")) {
      throw new GgufException(
          source + ": this is no GGUF file (magic at offset 0): " + guess(text, bytes.byteSize()));
    }
  }

  private static String guess(String head, long size) {
    String lower = head.stripLeading().toLowerCase(Locale.ROOT);
    if (size == 0) {
      return "it is empty; download it again";
    }
    if (lower.startsWith("version https://git-lfs")) {
      return "it is a Git LFS pointer; fetch the file itself with 'git lfs pull'";
    }
    if (lower.startsWith("<!doctype") || lower.startsWith("<html")) {
      return "it is a web page; download the model file itself";
    }
    if (head.startsWith("FUGG")) {
      return "it is a big-endian file; use the little-endian file of this model";
    }
    if (head.startsWith("tjgg") || head.startsWith("lmgg") || head.startsWith("fmgg")) {
      return "it is of a GGML format from before GGUF; use a GGUF file of this model";
    }
    if (head.startsWith("PK")) {
      return "it is a zip or PyTorch file; use a GGUF file of this model";
    }
    if (head.length() > 9 && head.startsWith("{\"", 8)) {
      return "it is a safetensors file; use a GGUF file of this model";
    }
    StringBuilder hex = new StringBuilder();
    for (int i = 0; i < Math.min(4, head.length()); i++) {
      hex.append(String.format("%02x ", (int) head.charAt(i)));
    }
    return "it begins with the bytes " + hex.toString().strip() + " where 47 47 55 46 belong";
  }
}
