package dev.lamina.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The scanners against the regular expressions that they stand for. */
class PreTokenizerTest {
  private static final String FOLDED = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
  private static final String END = "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  private static final String GPT2 =
      "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
  private static final String CASED =
      "[^\\r\\n\\p{L}\\p{N}]?((?=\\p{L})[^a-z])*((?=\\p{L})[^A-Z])+CC"
          + "|[^\\r\\n\\p{L}\\p{N}]?((?=\\p{L})[^a-z])+((?=\\p{L})[^A-Z])*CC"
          + "|\\p{N}{1,DD}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*"
          + END;
  private static final String OLD_CJK = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff&&[^\\s]]+";
  private static final String HAN =
      "\\u4e00-\\u9fff\\u3400-\\u4dbf\\x{20000}-\\x{2a6df}\\x{2a700}-\\x{2ebef}\\uf900-\\ufaff"
          + "\\x{2f800}-\\x{2fa1f}";

  private static final Map<PreTokenizer, List<String>> EXPRESSIONS = expressions();

  private static String words(String contractions, String letters, String digits, String rest) {
    return contractions
        + "[^\\r\\n\\p{L}\\p{N}]?"
        + letters
        + "+|\\p{N}"
        + digits
        + "|"
        + rest
        + END;
  }

  private static String words(String digits) {
    return words(FOLDED + "|", "\\p{L}", digits, " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*");
  }

  private static Map<PreTokenizer, List<String>> expressions() {
    Map<PreTokenizer, List<String>> map = new TreeMap<>();
    map.put(PreTokenizer.LLAMA3, List.of(words("{1,3}")));
    map.put(PreTokenizer.LLAMA3_WORDS, List.of(words("{1,3}")));
    map.put(PreTokenizer.QWEN2, List.of(words("")));
    map.put(
        PreTokenizer.QWEN35,
        List.of(words(FOLDED + "|", "[\\p{L}\\p{M}]", "", " ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*")));
    map.put(
        PreTokenizer.BAILING,
        List.of(
            "'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
                + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+"));
    map.put(
        PreTokenizer.SEED_CODER,
        List.of(words(FOLDED + "|", "\\p{L}", "{1}", " ?[^\\s\\p{L}\\p{N}\\r\\n]+")));
    map.put(
        PreTokenizer.UFAKZEKA, List.of(words("", "\\p{L}", "", " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*")));
    map.put(PreTokenizer.MINICPM5, List.of("\\p{N}{1,3}", words("+")));
    map.put(PreTokenizer.GPT4O, List.of(CASED.replace("CC", FOLDED + "?").replace("DD", "3")));
    map.put(PreTokenizer.TEKKEN, List.of(CASED.replace("CC", "").replace("DD", "1")));
    map.put(
        PreTokenizer.KIMI_K2,
        List.of(
            "[HAN]+|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}&&[^HAN]]+".replace("HAN", HAN)
                + FOLDED
                + "?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
                + END));
    map.put(
        PreTokenizer.DEEPSEEK_V3,
        List.of(
            "\\p{N}{1,3}",
            "[一-龥぀-ゟ゠-ヿ]+",
            // llama.cpp does not count the tilde among the symbols.
            "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+"
                + "|(?:~|[^\\r\\n\\p{L}\\p{P}\\p{S}])?[\\p{L}\\p{M}]+"
                + "| ?[\\p{P}\\p{S}&&[^~]]+[\\r\\n]*"
                + END));
    map.put(
        PreTokenizer.DEEPSEEK_CODER,
        List.of("[\\r\\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", OLD_CJK, "\\p{N}"));
    map.put(PreTokenizer.GPT2, List.of(GPT2));
    map.put(PreTokenizer.STARCODER, List.of("\\p{N}", GPT2));
    map.put(PreTokenizer.FALCON, List.of("[\\p{P}\\$\\+<=>\\^~\\|`]+", GPT2, "[0-9][0-9][0-9]"));
    map.put(PreTokenizer.BLOOM, List.of(" ?[^(\\s|.,!?…。，、।۔،)]+"));
    map.put(PreTokenizer.VIKING, List.of(" ?[^(\\s|.,!?…。，、।۔،)]+", "\\p{N}"));
    map.put(PreTokenizer.LAGUNA, List.of("[^\\n]+|[\\n]+", words("")));
    map.put(
        PreTokenizer.DEFAULT,
        List.of("[\\p{P}\\$\\+<=>\\^~\\|]+", GPT2, "\\p{N}+", "[0-9][0-9][0-9]"));
    return map;
  }

  static Stream<PreTokenizer> withExpressions() {
    return EXPRESSIONS.keySet().stream();
  }

  @ParameterizedTest
  @MethodSource("withExpressions")
  void splitsAsItsExpressions(PreTokenizer pre) {
    List<Pattern> patterns =
        EXPRESSIONS.get(pre).stream()
            .map(e -> Pattern.compile(e, Pattern.UNICODE_CHARACTER_CLASS))
            .toList();
    Random random = new Random(42);
    for (int i = 0; i < 8000; i++) {
      String text = text(random);
      assertEquals(split(patterns, text), split(pre, text), () -> pre + " on '" + text + "'");
    }
  }

  /** Texts of few different characters, so that all branches meet. */
  private static String text(Random random) {
    String[] pool = {
      "a", "b", "S", "s", "T", "LL", "re", "A", "É", "é", "日", "本", "か", "한", "ǅ", "ʰ", "ª", "0",
      "1", "9", "٣", "½", "Ⅷ", "①", " ", " ", " ", "\t", "\n", "\r", "\n", "\u00a0", "\u3000",
      "\u0085", "\u2028", "'", "'", "’", ".", ",", "!", "~", "/", "$", "+", "`", "_", "(", "|", "…",
      "。", "،", "€", "\u0301", "\u0903", "😀", "𝒳", "𐐀", "\u0000", "\u200d", "\u0378", "豈", "𠀀"
    };
    int kinds = 2 + random.nextInt(6);
    String[] some = new String[kinds];
    for (int i = 0; i < kinds; i++) {
      some[i] = pool[random.nextInt(pool.length)];
    }
    StringBuilder out = new StringBuilder();
    int length = random.nextInt(16);
    for (int i = 0; i < length; i++) {
      out.append(some[random.nextInt(kinds)]);
    }
    return out.toString();
  }

  private static List<String> split(PreTokenizer pre, String text) {
    CodePoints points = new CodePoints(text, 0, text.length());
    IntList ends = PreTokenizer.split(pre.splitters(), points);
    List<String> words = new ArrayList<>();
    int from = 0;
    for (int i = 0; i < ends.size(); i++) {
      StringBuilder word = new StringBuilder();
      for (; from < ends.get(i); from++) {
        word.appendCodePoint(points.at(from));
      }
      words.add(word.toString());
    }
    return words;
  }

  private static List<String> split(List<Pattern> patterns, String text) {
    List<String> words = text.isEmpty() ? List.of() : List.of(text);
    for (Pattern pattern : patterns) {
      List<String> finer = new ArrayList<>();
      for (String word : words) {
        Matcher matcher = pattern.matcher(word);
        int at = 0;
        while (matcher.find()) {
          if (matcher.start() > at) {
            finer.add(word.substring(at, matcher.start()));
          }
          finer.add(matcher.group());
          at = matcher.end();
        }
        if (at < word.length()) {
          finer.add(word.substring(at));
        }
      }
      words = finer;
    }
    return words;
  }

  @Test
  void deepSeekLlm() {
    PreTokenizer pre = PreTokenizer.DEEPSEEK_LLM;
    assertEquals(
        List.of("Hello", ",", " World", "!!", "\n", "\n"), split(pre, "Hello, World!!\n\n"));
    assertEquals(List.of("x", "12345", " y", "   "), split(pre, "x12345 y   "));
    assertEquals(List.of(" µé", "한국어日本", " -"), split(pre, " µé한국어日本 -"));
  }

  @Test
  void everyPreTokenizerIsTested() {
    Set<PreTokenizer> tested = new HashSet<>(EXPRESSIONS.keySet());
    tested.add(PreTokenizer.DEEPSEEK_LLM);
    assertEquals(Set.of(PreTokenizer.values()), tested);
  }

  @Test
  void noNameIsThereTwice() {
    List<String> known = PreTokenizer.known();
    assertEquals(known.size(), new HashSet<>(known).size());
    assertTrue(known.contains("llama-bpe"));
    for (String name : known) {
      assertTrue(PreTokenizer.named(name).isPresent());
    }
  }
}
