package dev.lamina.gguf;

import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * An array of strings as the bytes of the file, without an object for each: a vocabulary has
 * hundreds of thousands. Not checked to be valid UTF-8. Independent of the file.
 */
public final class ByteStrings {
  private final byte[] bytes;
  private final int[] starts;
  private final int[] ends;

  /** String {@code i} is {@code bytes[starts[i], ends[i])}; the arrays are not copied. */
  ByteStrings(byte[] bytes, int[] starts, int[] ends) {
    this.bytes = bytes;
    this.starts = starts;
    this.ends = ends;
  }

  static ByteStrings of(List<String> strings) {
    byte[][] each = new byte[strings.size()][];
    int[] starts = new int[each.length];
    int[] ends = new int[each.length];
    int length = 0;
    for (int i = 0; i < each.length; i++) {
      each[i] = strings.get(i).getBytes(StandardCharsets.UTF_8);
      starts[i] = length;
      length = Math.addExact(length, each[i].length);
      ends[i] = length;
    }
    byte[] bytes = new byte[length];
    for (int i = 0; i < each.length; i++) {
      System.arraycopy(each[i], 0, bytes, starts[i], each[i].length);
    }
    return new ByteStrings(bytes, starts, ends);
  }

  /** Number of strings. */
  public int size() {
    return starts.length;
  }

  /** The array that holds them all; not to be written to. */
  public byte[] bytes() {
    return bytes;
  }

  /** Where string {@code index} begins in {@link #bytes}. */
  public int start(int index) {
    return starts[index];
  }

  /** Where string {@code index} ends in {@link #bytes}. */
  public int end(int index) {
    return ends[index];
  }

  /** String {@code index}, with U+FFFD for what is no UTF-8. */
  public String string(int index) {
    return new String(bytes, starts[index], ends[index] - starts[index], StandardCharsets.UTF_8);
  }
}
