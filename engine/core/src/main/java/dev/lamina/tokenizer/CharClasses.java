package dev.lamina.tokenizer;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;

/**
 * The classes of characters that pre-tokenizers ask for, of Unicode 15.1 whatever the JDK's own
 * version: the vocabularies' pieces depend on them, and 15.1 is what llama.cpp has. The resource
 * {@code unicode-15.1.txt} lists runs from U+0000 on: a letter for the general category (L, N, M,
 * P, S, {@code _} white space, {@code .} all others) and the run's length in base 36.
 */
final class CharClasses {
  static final byte OTHER = 0;
  static final byte LETTER = 1;
  static final byte NUMBER = 2;
  static final byte MARK = 3;
  static final byte PUNCTUATION = 4;
  static final byte SYMBOL = 5;
  static final byte SPACE = 6;

  /** Past the end of a text. */
  static final byte END = 7;

  private static final String LETTERS = ".LNMPS_";
  private static final CharClasses TABLE = read();

  private final byte[] classes;

  private CharClasses(byte[] classes) {
    this.classes = classes;
  }

  static CharClasses table() {
    return TABLE;
  }

  byte of(int codePoint) {
    return classes[codePoint];
  }

  private static CharClasses read() {
    byte[] runs;
    try (InputStream in = CharClasses.class.getResourceAsStream("unicode-15.1.txt")) {
      if (in == null) {
        throw new IllegalStateException("unicode-15.1.txt is missing beside CharClasses");
      }
      runs = in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    byte[] classes = new byte[Character.MAX_CODE_POINT + 1];
    int from = 0;
    for (int i = 0; i < runs.length; ) {
      if (runs[i] == '\n') {
        i++;
        continue;
      }
      byte kind = (byte) LETTERS.indexOf(runs[i++]);
      int length = 0;
      for (; i < runs.length && isDigit(runs[i]); i++) {
        length = length * 36 + Character.digit(runs[i], 36);
      }
      Arrays.fill(classes, from, from + length, kind);
      from += length;
    }
    // llama.cpp's list of ASCII symbols leaves out the tilde.
    classes['~'] = OTHER;
    return new CharClasses(classes);
  }

  private static boolean isDigit(byte b) {
    return b >= '0' && b <= '9' || b >= 'a' && b <= 'z';
  }
}
