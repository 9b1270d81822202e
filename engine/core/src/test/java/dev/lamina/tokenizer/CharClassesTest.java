package dev.lamina.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class CharClassesTest {
  private final CharClasses table = CharClasses.table();

  /** Totals of DerivedGeneralCategory.txt of Unicode 15.1. */
  @Test
  void totalsOfUnicode151() {
    int[] counts = new int[8];
    for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
      counts[table.of(c)]++;
    }
    assertEquals(136_726, counts[CharClasses.LETTER]);
    assertEquals(1831, counts[CharClasses.NUMBER]);
    assertEquals(2450, counts[CharClasses.MARK]);
    assertEquals(842, counts[CharClasses.PUNCTUATION]);
    assertEquals(7775 - 1, counts[CharClasses.SYMBOL], "all but the tilde");
    assertEquals(25, counts[CharClasses.SPACE]);
  }

  @Test
  void versionIsNeitherOlderNorNewer() {
    assertEquals(CharClasses.LETTER, table.of(0x2EBF0), "new in 15.1");
    assertEquals(CharClasses.OTHER, table.of(0x1C89), "a letter since 16.0");
  }

  /** The JDK's Unicode is newer: what is assigned there and not here is all that may differ. */
  @Test
  void agreesWithTheJdkWhereBothKnowACharacter() {
    int newer = 0;
    for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
      int kind = table.of(c);
      int jdk = ofJdk(c);
      if (kind == jdk || c == '~' || kind == CharClasses.SPACE) {
        continue;
      }
      assertEquals(CharClasses.OTHER, kind, () -> "a character changed its class");
      newer++;
    }
    assertTrue(newer < 20_000, () -> "too many characters are unknown");
  }

  private static int ofJdk(int c) {
    return switch (Character.getType(c)) {
      case Character.UPPERCASE_LETTER,
          Character.LOWERCASE_LETTER,
          Character.TITLECASE_LETTER,
          Character.MODIFIER_LETTER,
          Character.OTHER_LETTER ->
          CharClasses.LETTER;
      case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER ->
          CharClasses.NUMBER;
      case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK, Character.COMBINING_SPACING_MARK ->
          CharClasses.MARK;
      case Character.DASH_PUNCTUATION,
          Character.START_PUNCTUATION,
          Character.END_PUNCTUATION,
          Character.CONNECTOR_PUNCTUATION,
          Character.OTHER_PUNCTUATION,
          Character.INITIAL_QUOTE_PUNCTUATION,
          Character.FINAL_QUOTE_PUNCTUATION ->
          CharClasses.PUNCTUATION;
      case Character.MATH_SYMBOL,
          Character.CURRENCY_SYMBOL,
          Character.MODIFIER_SYMBOL,
          Character.OTHER_SYMBOL ->
          CharClasses.SYMBOL;
      default -> CharClasses.OTHER;
    };
  }
}
