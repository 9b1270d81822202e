package dev.lamina.tokenizer;

import static dev.lamina.tokenizer.RunSplitter.Lead.BLANK;
import static dev.lamina.tokenizer.RunSplitter.Lead.NOTHING;
import static dev.lamina.tokenizer.RunSplitter.Lead.WHITESPACE;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How a text is cut into words before byte-pair encoding: the values of {@code tokenizer.ggml.pre}
 * and, for each, the expressions that are applied one after the other, each within the pieces of
 * the one before.
 */
enum PreTokenizer {
  LLAMA3(
      names(
              "llama-bpe",
              "llama3",
              "llama-v3",
              "falcon3",
              "falcon-h1",
              "pixtral",
              "midm-2.0",
              "lfm2")
          .ignoringMerges()
          .addingBos()),
  LLAMA3_WORDS(names("dbrx", "smaug-bpe", "glm4", "chatglm-bpe")),
  QWEN2(
      names(
          "qwen2",
          "deepseek-r1-qwen",
          "stablelm2",
          "megrez",
          "hunyuan",
          "solar-open",
          "grok-2",
          "kormo",
          "f2llmv2")),
  QWEN35(names("qwen35")),
  BAILING(names("bailingmoe", "bailingmoe2", "llada-moe")),
  SEED_CODER(names("seed-coder")),
  UFAKZEKA(names("ufakzeka")),
  MINICPM5(names("minicpm5").ignoringMerges()),
  GPT4O(names("gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2")),
  TEKKEN(names("tekken").ignoringMerges().addingBos()),
  KIMI_K2(names("kimi-k2")),
  DEEPSEEK_V3(names("deepseek-v3", "hunyuan-dense", "hy_v4", "joyai-llm")),
  DEEPSEEK_LLM(names("deepseek-llm")),
  DEEPSEEK_CODER(names("deepseek-coder")),
  GPT2(
      names(
          "gpt-2",
          "phi-2",
          "mpt",
          "olmo",
          "jais",
          "gigachat",
          "a.x-4.0",
          "mellum",
          "exaone4",
          "trillion",
          "granite-docling")),
  STARCODER(
      names(
          "starcoder",
          "refact",
          "command-r",
          "smollm",
          "codeshell",
          "exaone",
          "minerva-7b",
          "mellum2")),
  FALCON(names("falcon")),
  BLOOM(names("poro-chat", "bloom", "gpt3-finnish")),
  VIKING(names("viking")),
  LAGUNA(names("laguna")),
  DEFAULT(names("default"));

  private final Names names;

  PreTokenizer(Names names) {
    this.names = names;
  }

  /** The expressions; made only for the one that is used, which saves time at the start. */
  Splitter[] splitters() {
    return switch (this) {
      case LLAMA3 -> array(new WordSplitter(3));
      case LLAMA3_WORDS -> array(new WordSplitter(3));
      case QWEN2 -> array(new WordSplitter(1));
      case QWEN35 -> array(new WordSplitter(true, 1, true, true));
      case BAILING -> array(new WordSplitter(1));
      case SEED_CODER -> array(new WordSplitter(true, 1, false, false));
      case UFAKZEKA -> array(new WordSplitter(false, 1, false, true));
      case MINICPM5 -> array(digits(3), new WordSplitter(Integer.MAX_VALUE));
      case GPT4O -> array(new CasedSplitter(true, 3));
      case TEKKEN -> array(new CasedSplitter(false, 1));
      case KIMI_K2 -> array(new KimiSplitter());
      case DEEPSEEK_V3 ->
          array(digits(3), RunSplitter.of(CharSets::isDeepSeekCjk), new DeepSeekSplitter());
      case DEEPSEEK_LLM ->
          array(
              RunSplitter.of((c, kind) -> Scan.isNewline(c), 1, 1),
              RunSplitter.of(WHITESPACE, CharSets::isDeepSeekLetter),
              RunSplitter.of(WHITESPACE, CharSets::isDeepSeekPunctuation),
              new RunSplitter(NOTHING, ofKind(CharClasses.SPACE), 1, Integer.MAX_VALUE, true),
              RunSplitter.of(CharSets::isOldDeepSeekCjk),
              digits(Integer.MAX_VALUE));
      case DEEPSEEK_CODER ->
          array(
              RunSplitter.of((c, kind) -> Scan.isNewline(c), 1, 1),
              RunSplitter.of(WHITESPACE, ofKind(CharClasses.LETTER)),
              RunSplitter.of(WHITESPACE, ofKind(CharClasses.PUNCTUATION)),
              RunSplitter.of(CharSets::isOldDeepSeekCjk),
              digits(1));
      case GPT2 -> array(new Gpt2Splitter());
      case STARCODER -> array(digits(1), new Gpt2Splitter());
      case FALCON ->
          array(
              RunSplitter.of(CharSets::isFalconPunctuation),
              new Gpt2Splitter(),
              RunSplitter.of((c, kind) -> c >= '0' && c <= '9', 3, 3));
      case BLOOM -> array(RunSplitter.of(BLANK, CharSets::isBloomWord));
      case VIKING -> array(RunSplitter.of(BLANK, CharSets::isBloomWord), digits(1));
      case LAGUNA ->
          array(
              RunSplitter.of((c, kind) -> c != '\n'),
              RunSplitter.of((c, kind) -> c == '\n'),
              new WordSplitter(1));
      case DEFAULT ->
          array(
              RunSplitter.of(CharSets::isDefaultPunctuation),
              new Gpt2Splitter(),
              digits(Integer.MAX_VALUE),
              RunSplitter.of((c, kind) -> c >= '0' && c <= '9', 3, 3));
    };
  }

  private static Splitter[] array(Splitter... splitters) {
    return splitters;
  }

  /** The pre-tokenizer of a value of {@code tokenizer.ggml.pre}. */
  static Optional<PreTokenizer> named(String name) {
    for (PreTokenizer pre : values()) {
      if (pre.names.list.contains(name)) {
        return Optional.of(pre);
      }
    }
    return Optional.empty();
  }

  /** All values of {@code tokenizer.ggml.pre} that are known. */
  static List<String> known() {
    List<String> all = new ArrayList<>();
    for (PreTokenizer pre : values()) {
      all.addAll(pre.names.list);
    }
    return all;
  }

  /** Whether a word that is a token is taken as it is, whatever the merges say. */
  boolean ignoresMerges() {
    return names.ignoreMerges;
  }

  /** Whether a text begins with BOS where the file does not say. */
  boolean addsBos() {
    return names.addBos;
  }

  /** The ends of the words, in code points. */
  static IntList split(Splitter[] splitters, CodePoints text) {
    IntList ends = new IntList(text.length() / 4 + 8);
    apply(splitters[0], text, 0, text.length(), ends);
    for (int i = 1; i < splitters.length; i++) {
      IntList finer = new IntList(ends.size() * 2);
      int from = 0;
      for (int word = 0; word < ends.size(); word++) {
        apply(splitters[i], text, from, ends.get(word), finer);
        from = ends.get(word);
      }
      ends = finer;
    }
    return ends;
  }

  /** Matches are words; what lies between two matches is one, too. */
  private static void apply(Splitter splitter, CodePoints text, int from, int to, IntList ends) {
    int gap = from;
    for (int at = from; at < to; ) {
      int after = splitter.match(text, at, to);
      if (after == at) {
        at++;
        continue;
      }
      if (gap < at) {
        ends.add(at);
      }
      ends.add(after);
      at = after;
      gap = after;
    }
    if (gap < to) {
      ends.add(to);
    }
  }

  private static Splitter digits(int most) {
    return RunSplitter.of(ofKind(CharClasses.NUMBER), 1, most);
  }

  private static RunSplitter.Set ofKind(int wanted) {
    return (c, kind) -> kind == wanted;
  }

  private static Names names(String... names) {
    return new Names(List.of(names), false, false);
  }

  private record Names(List<String> list, boolean ignoreMerges, boolean addBos) {
    Names ignoringMerges() {
      return new Names(list, true, addBos);
    }

    Names addingBos() {
      return new Names(list, ignoreMerges, true);
    }
  }
}
