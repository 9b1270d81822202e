package dev.lamina.tokenizer;

import java.util.Arrays;

/** Sets of characters that only some pre-tokenizers name. */
final class CharSets {
  private CharSets() {}

  /** CJK ideographs, Hiragana and Katakana, as DeepSeek V3 names them. */
  static boolean isDeepSeekCjk(int c, int kind) {
    return c >= 0x4E00 && c <= 0x9FA5 || c >= 0x3040 && c <= 0x30FF;
  }

  /** {@code [一-龥ࠀ-一가-퟿]}, as the older DeepSeek models name CJK: U+0800 to U+9FA5 and Hangul. */
  static boolean isOldDeepSeekCjk(int c, int kind) {
    return kind != CharClasses.SPACE && (c >= 0x800 && c <= 0x9FA5 || c >= 0xAC00 && c <= 0xD7FF);
  }

  /** {@code [!-/:-~！-／：-～‘-‟　-。]}; llama.cpp takes U+3000 for a blank first. */
  static boolean isDeepSeekPunctuation(int c, int kind) {
    return c >= '!' && c <= '/'
        || c >= ':' && c <= '~'
        || c >= 0xFF01 && c <= 0xFF0F
        || c >= 0xFF1A && c <= 0xFF5E
        || c >= 0x2018 && c <= 0x201F
        || c >= 0x3001 && c <= 0x3002;
  }

  /** {@code [^(\s|.,!?…。，、।۔،)]}. */
  static boolean isBloomWord(int c, int kind) {
    return kind != CharClasses.SPACE && "(|.,!?…。，、।۔،)".indexOf(c) < 0;
  }

  /** {@code [\p{P}$+<=>^~|]}. */
  static boolean isDefaultPunctuation(int c, int kind) {
    return kind == CharClasses.PUNCTUATION || c < 0x80 && "$+<=>^~|".indexOf(c) >= 0;
  }

  /** {@code [\p{P}$+<=>^~|`]}. */
  static boolean isFalconPunctuation(int c, int kind) {
    return c == '`' || isDefaultPunctuation(c, kind);
  }

  /**
   * The letters with case that DeepSeek LLM lists: the general categories Lu, Ll and Lt of the
   * Unicode version of its time, as ranges.
   */
  static boolean isDeepSeekLetter(int c, int kind) {
    int at = Arrays.binarySearch(DEEPSEEK_LETTERS, c);
    // Even places begin ranges, odd ones end them (inclusive).
    return at >= 0 || (-at - 1 & 1) == 1;
  }

  private static final int[] DEEPSEEK_LETTERS = ranges();

  private static int[] ranges() {
    String listed =
        "A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅ"
            + "Ὀ-Ὅὐ-ὗὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼ\u1fbeῂ-ῄῆ-ῌῐ-\u1fd3ῖ-\u1fdbῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\u2126ℨ\u212a-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻ"
            + "Ȿ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃";
    int[] points = listed.codePoints().toArray();
    int[] out = new int[points.length * 2];
    int n = 0;
    for (int i = 0; i < points.length; i++) {
      int from = points[i];
      int to = from;
      if (i + 2 < points.length && points[i + 1] == '-') {
        to = points[i + 2];
        i += 2;
      }
      out[n++] = from;
      out[n++] = to;
    }
    return Arrays.copyOf(out, n);
  }
}
