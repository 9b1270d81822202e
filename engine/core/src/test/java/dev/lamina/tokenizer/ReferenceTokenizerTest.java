package dev.lamina.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.gguf.GgufFile;
import dev.lamina.testing.Shared;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Token for token against llama.cpp, on vocabularies of others that are not part of the repository:
 * skipped where the folder {@code shared} is absent.
 */
class ReferenceTokenizerTest {
  private static final String SEPARATOR = "\n__ggml_vocab_test__\n";

  static Tokenizer load(String name) {
    try (GgufFile file = GgufFile.open(Shared.reference("tokenizers/" + name + "/vocab.gguf"))) {
      return Tokenizer.of(file.metadata());
    }
  }

  private static int[] ints(String text) {
    return Arrays.stream(text.split("[^0-9]+"))
        .filter(s -> !s.isEmpty())
        .mapToInt(Integer::parseInt)
        .toArray();
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama-bpe", "llama-spm", "phi-3", "qwen2"})
  void casesOfLlamaCpp(String name) throws IOException {
    Path folder = Shared.reference("tokenizers/" + name);
    Tokenizer tokenizer = load(name);
    // Each text, the last one too, is followed by a separator.
    String[] split = Files.readString(folder.resolve("cases.inp")).split(SEPARATOR, -1);
    String[] texts = Arrays.copyOf(split, split.length - 1);
    List<String> ids = Files.readAllLines(folder.resolve("cases.out"));
    assertEquals(texts.length, ids.size());
    assertTrue(texts.length > 40);
    for (int i = 0; i < texts.length; i++) {
      int[] expected = ints(ids.get(i));
      int[] got = tokenizer.encode(texts[i], false, false);
      assertArrayEquals(expected, got, () -> "case " + Arrays.toString(got));
      assertEquals(texts[i], tokenizer.decode(got, true), "decoding gives the text again");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama-bpe", "llama-spm", "phi-3", "qwen2"})
  void mixedTextWithSpecialTokens(String name) throws IOException {
    // llama-tokenize, which made the ids, takes \\n in its input for a newline (and leaves \\u and
    // \\f as they are).
    String text = Files.readString(Shared.reference("tokenizers/mixed.txt")).replace("\\n", "\n");
    int[] expected = ints(Files.readString(Shared.reference("tokenizers/" + name + "/mixed.ids")));
    assertArrayEquals(expected, load(name).encode(text, false, true));
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama-bpe", "llama-spm", "phi-3", "qwen2"})
  void randomTextComesBackWholeAndInAStream(String name) {
    Tokenizer tokenizer = load(name);
    Random random = new Random(1);
    for (int round = 0; round < 2000; round++) {
      // Phi-3 swallows blanks behind special tokens, and U+2581 is a space to SentencePiece.
      boolean special = !name.equals("phi-3") && random.nextBoolean();
      String text = Vocabularies.random(random, random.nextInt(50)).replace('▁', '_');
      int[] ids = tokenizer.encode(text, false, special);
      assertEquals(Vocabularies.wellFormed(text), tokenizer.decode(ids, true));
      StreamDecoder decoder = tokenizer.stream(true, true);
      StringBuilder streamed = new StringBuilder();
      for (int id : ids) {
        streamed.append(decoder.accept(id));
      }
      assertEquals(Vocabularies.wellFormed(text), streamed.append(decoder.flush()).toString());
    }
  }

  @Test
  void severalThreadsAtOnce() throws Exception {
    Tokenizer tokenizer = load("qwen2");
    String text = Files.readString(Shared.reference("tokenizers/mixed.txt"));
    int[] expected = load("qwen2").encode(text, false, true);
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<int[]>> results = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        results.add(threads.submit(() -> tokenizer.encode(text, false, true)));
      }
      for (Future<int[]> result : results) {
        assertArrayEquals(expected, result.get());
      }
    }
  }

  @Test
  void promptOfTheDemoModel() throws IOException {
    Path folder = Shared.reference("demo-model");
    ByteBuffer tokens =
        ByteBuffer.wrap(Files.readAllBytes(folder.resolve("prompt.tokens.i32")))
            .order(ByteOrder.LITTLE_ENDIAN);
    int[] expected = new int[tokens.remaining() / 4];
    tokens.asIntBuffer().get(expected);
    try (GgufFile file = GgufFile.open(folder.resolve("demo-Q4_0.gguf"))) {
      Tokenizer tokenizer = Tokenizer.of(file.metadata());
      String text = Files.readString(folder.resolve("prompt.txt"));
      assertArrayEquals(expected, tokenizer.encode(text, false, true));
    }
  }

  @Test
  void greedyTextOfTheDemoModel() throws IOException {
    Path folder = Shared.reference("demo-model");
    Matcher json =
        Pattern.compile(
                "\"prompt_tokens\": ?(\\d+), ?\"tokens\": ?\\[([^]]*)][^}]*\"text\":"
                    + " ?\"((?:[^\"\\\\]|\\\\.)*)\"")
            .matcher(Files.readString(folder.resolve("greedy.json")));
    try (GgufFile file = GgufFile.open(folder.resolve("demo-Q4_0.gguf"))) {
      Tokenizer tokenizer = Tokenizer.of(file.metadata());
      String prompt = Files.readString(folder.resolve("greedy-prompt.txt"));
      int runs = 0;
      for (; json.find(); runs++) {
        assertEquals(Integer.parseInt(json.group(1)), tokenizer.encode(prompt, true, true).length);
        String text = json.group(3).replace("\\n", "\n").replace("\\\"", "\"");
        assertEquals(text, tokenizer.decode(ints(json.group(2)), false));
      }
      assertTrue(runs > 5);
    }
  }
}
