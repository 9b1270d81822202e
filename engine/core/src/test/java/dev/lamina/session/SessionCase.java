package dev.lamina.session;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.testing.FakeGpu;
import dev.lamina.backend.testing.FakeProvider;
import dev.lamina.features.Backends;
import dev.lamina.testing.Demo;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The demo model with a prompt, and what it greedily goes on with. */
abstract class SessionCase {
  static final String PROMPT =
      "<|im_start|>user\n"
          + "Tell me a story about a fox named Lily and a kite.<|im_end|>\n"
          + "<|im_start|>assistant\n";
  static final GenerateOptions GREEDY =
      GenerateOptions.DEFAULT.withSampling(Sampling.GREEDY).withMaxTokens(24);
  static Model model;
  static String expected;

  @BeforeAll
  static void load() {
    model = load(LoadOptions.DEFAULT.withContext(256).withSequences(3));
    try (Session session = model.newSession()) {
      expected = session.generate(PROMPT, GREEDY).text();
    }
    assertTrue(expected.length() > 24, expected);
  }

  @AfterAll
  static void close() {
    model.close();
  }

  static Model load(LoadOptions options, FakeGpu... gpus) {
    return Model.load(
        Demo.model(),
        options,
        Backends.of(List.of(FakeProvider.of("fake", gpus)), DeviceOptions.DEFAULT));
  }

  static List<Integer> ids(Generation generation) {
    List<Integer> ids = new ArrayList<>();
    generation.forEachRemaining(token -> ids.add(token.id()));
    return ids;
  }

  static Backends noGpu() {
    return Backends.of(List.of(), DeviceOptions.DEFAULT);
  }
}
