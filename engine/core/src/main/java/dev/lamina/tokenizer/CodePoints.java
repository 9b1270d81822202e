package dev.lamina.tokenizer;

/** A text as code points with their classes; reads beyond a limit give {@link #NONE}. */
final class CodePoints {
  /** What {@link #at(int, int)} returns past the end. */
  static final int NONE = -1;

  private final int[] points;
  private final byte[] classes;
  private final int length;
  private int utf8Length;

  CodePoints(CharSequence text, int from, int to) {
    points = new int[to - from];
    classes = new byte[to - from];
    CharClasses table = CharClasses.table();
    int n = 0;
    for (int i = from; i < to; n++) {
      int c = Utf8.codePoint(text, i, to);
      i += Character.charCount(c);
      points[n] = c;
      classes[n] = table.of(c);
      utf8Length = Math.addExact(utf8Length, Utf8.length(c));
    }
    length = n;
  }

  int length() {
    return length;
  }

  int at(int index) {
    return points[index];
  }

  int at(int index, int end) {
    return index < end ? points[index] : NONE;
  }

  /**
   * The class, one of the constants of {@link CharClasses}; {@link CharClasses#END} past the end.
   */
  int classAt(int index, int end) {
    return index < end ? classes[index] : CharClasses.END;
  }

  byte[] utf8() {
    byte[] bytes = new byte[utf8Length];
    int at = 0;
    for (int i = 0; i < length; i++) {
      at = Utf8.put(points[i], bytes, at);
    }
    return bytes;
  }
}
