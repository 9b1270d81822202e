package dev.lamina.testing;

import dev.lamina.session.Model;
import dev.lamina.session.Session;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * A model of the reference data with the logits that llama.cpp's float32 path has after each token
 * of a prompt.
 *
 * @param file the model
 * @param prompt its tokens
 * @param logits row after row
 */
public record Golden(Path file, int[] prompt, float[] logits) {
  /** The names of the tiny random models, one or two of each architecture. */
  public static List<String> architectures() {
    return List.of(
        "llama",
        "llama31-rope-factors",
        "mixtral-moe",
        "qwen2",
        "qwen2-yarn",
        "qwen2moe",
        "qwen3",
        "qwen3moe",
        "gemma2",
        "gemma3");
  }

  /** One of the {@link #architectures}; skips the calling test where it is absent. */
  public static Golden ofArchitecture(String name) {
    return of(Shared.reference("architectures"), name, name);
  }

  /** The demo model in a type; skips the calling test where it is absent. */
  public static Golden ofDemo(String type) {
    return of(Shared.reference("demo-model"), "demo-" + type.replace("F32", "f32"), type);
  }

  private static Golden of(Path folder, String file, String logits) {
    return new Golden(
        folder.resolve(file + ".gguf"),
        ints(folder.resolve("prompt.tokens.i32")),
        floats(folder.resolve(logits + ".logits.f32")));
  }

  /** The beginning of the prompt. */
  public Golden first(int tokens) {
    int width = logits.length / prompt.length;
    return new Golden(file, Arrays.copyOf(prompt, tokens), Arrays.copyOf(logits, tokens * width));
  }

  /** The relative error of a model's logits. */
  public double error(Model model) {
    return relativeError(logitsOf(model), logits);
  }

  /** What a model makes of the prompt, row after row. */
  public float[] logitsOf(Model model) {
    float[] actual = new float[logits.length];
    try (Session session = model.newSession()) {
      session.evaluate(
          prompt,
          0,
          (row, values) -> System.arraycopy(values, 0, actual, row * values.length, values.length));
    }
    return actual;
  }

  /** A file of little-endian int32. */
  public static int[] ints(Path path) {
    ByteBuffer bytes = bytes(path);
    int[] values = new int[bytes.remaining() / Integer.BYTES];
    bytes.asIntBuffer().get(values);
    return values;
  }

  /** A file of little-endian float32. */
  public static float[] floats(Path path) {
    ByteBuffer bytes = bytes(path);
    float[] values = new float[bytes.remaining() / Float.BYTES];
    bytes.asFloatBuffer().get(values);
    return values;
  }

  private static ByteBuffer bytes(Path path) {
    try {
      return ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Root of the mean squared difference over that of the mean squared golden value. */
  public static double relativeError(float[] actual, float[] golden) {
    if (actual.length != golden.length) {
      throw new AssertionError(actual.length + " values where " + golden.length + " are golden");
    }
    double difference = 0;
    double size = 0;
    for (int i = 0; i < golden.length; i++) {
      double d = actual[i] - golden[i];
      difference += d * d;
      size += (double) golden[i] * golden[i];
    }
    return Math.sqrt(difference / size);
  }

  /** The same of rows. */
  public static double relativeError(float[][] actual, float[] golden) {
    float[] all = new float[Arrays.stream(actual).mapToInt(row -> row.length).sum()];
    int at = 0;
    for (float[] row : actual) {
      System.arraycopy(row, 0, all, at, row.length);
      at += row.length;
    }
    return relativeError(all, golden);
  }
}
