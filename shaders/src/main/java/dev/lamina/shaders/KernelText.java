package dev.lamina.shaders;

import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.QuantTables;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/** Puts program texts together from the files of this module. */
public final class KernelText {
  /** The text's pieces of a row are so many values. */
  private static final int PIECE = 16;

  private static final Map<String, String> FILES = new ConcurrentHashMap<>();

  private KernelText() {}

  /**
   * The whole text of a program.
   *
   * @param device numbers that the device decides, before everything else: {@code CPU_VECTORS}
   */
  public static String of(Dialect dialect, ProgramKey key, Map<String, Integer> device) {
    StringBuilder text = new StringBuilder(1 << 15);
    define(text, device);
    define(text, key.defines());
    switch (key.unit()) {
      case WEIGHT -> {
        rows(text, dialect, key.first());
        text.append(file("kernel/embed"));
        if (key.defines().containsKey(WeightWriter.PANEL_ROWS)) {
          text.append(file("processor/products"));
          break;
        }
        int rows = key.defines().get("ROWS");
        again(text, "kernel/matvec", Map.of("TOKENS", 1, "TEAM_ROWS", rows));
        again(text, "kernel/matvec", Map.of("TOKENS", LaunchPlan.TOKENS_TOGETHER, "TEAM_ROWS", 1));
        text.append(file("kernel/matmul"));
      }
      case ATTENTION -> {
        preludes(text, dialect);
        layout(text, "K", key.first());
        layout(text, "V", key.second());
        decoder(text, key.first(), "decodeKey", "decodeKeyOne");
        decoder(text, key.second(), "decodeValue", "decodeValueOne");
        text.append(file("kernel/attention-heads")).append(file("kernel/attention-join"));
        int narrow = key.defines().get("NARROW");
        int wide = key.defines().get("WIDE");
        again(text, "kernel/attention", Map.of("LANES_Q", narrow));
        if (wide != narrow) {
          again(text, "kernel/attention", Map.of("LANES_Q", wide));
        }
      }
      case STORE -> {
        preludes(text, dialect);
        define(text, "UNIT", String.valueOf(key.first().blockSize()));
        define(text, "UNIT_BYTES", String.valueOf(key.first().blockBytes()));
        text.append(file("encode/" + key.first())).append(file("kernel/store"));
      }
      case VECTORS -> {
        preludes(text, dialect);
        text.append(file("kernel/sums")).append(file("kernel/best")).append(file("kernel/vectors"));
      }
    }
    return text.toString();
  }

  /** What comes before every kernel. */
  static void preludes(StringBuilder text, Dialect dialect) {
    define(text, "MOST_EXPERTS", String.valueOf(LaunchPlan.MOST_EXPERTS));
    dialect.preludes().forEach(prelude -> text.append(file("prelude/" + prelude)));
  }

  /** The preludes, and how rows of a type of weights are read. */
  static void rows(StringBuilder text, Dialect dialect, GgmlType type) {
    define(text, "IQ1_DELTA", QuantTables.IQ1_DELTA + "f");
    // Preludes may look at it: such rows begin anywhere.
    if (type.blockSize() == 1) {
      define(text, "RAGGED", "1");
    }
    preludes(text, dialect);
    layout(text, "WEIGHT", type);
    decoder(text, type, "DECODE", "DECODE_ONE");
    text.append(file("kernel/rows")).append(file("kernel/addend"));
  }

  /** A file with numbers that hold for it alone. */
  static void again(StringBuilder text, String file, Map<String, Integer> defines) {
    define(text, defines);
    text.append(file(file));
    new TreeMap<>(defines)
        .keySet()
        .forEach(name -> text.append("#undef ").append(name).append('\n'));
  }

  private static void layout(StringBuilder text, String prefix, GgmlType type) {
    int blocks = Math.max(1, PIECE / type.blockSize());
    define(text, prefix + "_VALUES", String.valueOf(type.blockSize() * blocks));
    define(text, prefix + "_BYTES", String.valueOf(type.blockBytes() * blocks));
  }

  /** The decode routine of a type under given names. */
  static void decoder(StringBuilder text, GgmlType type, String name, String one) {
    switch (type) {
      case Q4_K, Q5_K -> text.append(file("decode/k-scales"));
      case IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS, IQ2_S, IQ3_XXS, IQ3_S, IQ4_NL, IQ4_XS, MXFP4 ->
          text.append(file("decode/grids"));
      case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q6_K, TQ1_0, TQ2_0 -> {}
      case I8, I16, I32, I64, F64 ->
          throw new IllegalArgumentException(type + " is no type of weights");
    }
    if (!name.equals("DECODE")) {
      define(text, "DECODE", name);
      define(text, "DECODE_ONE", one);
    }
    text.append(file("decode/" + type));
    if (!name.equals("DECODE")) {
      text.append("#undef DECODE\n#undef DECODE_ONE\n");
    }
  }

  /** Defines numbers, in a fixed order: texts are known by their hashes. */
  static void define(StringBuilder text, Map<String, Integer> numbers) {
    new TreeMap<>(numbers).forEach((name, value) -> define(text, name, value.toString()));
  }

  /** The encode routine of a type of pages under a given name. */
  static void encoder(StringBuilder text, GgmlType type, String name) {
    define(text, "encode", name);
    text.append(file("encode/" + type)).append("#undef encode\n");
  }

  static void define(StringBuilder text, String name, String value) {
    text.append("#define ").append(name).append(' ').append(value).append('\n');
  }

  static String file(String name) {
    return FILES.computeIfAbsent(
        name,
        path -> {
          try (InputStream in = KernelText.class.getResourceAsStream("c/" + path + ".c")) {
            if (in == null) {
              throw new IllegalStateException("the kernel file " + path + " is not in this build");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }
}
