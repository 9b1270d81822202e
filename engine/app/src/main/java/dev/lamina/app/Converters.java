package dev.lamina.app;

import dev.lamina.LaminaException;
import dev.lamina.gguf.GgmlType;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.TypeConversionException;

/** How the values of flags are read, with failures in words for people. */
final class Converters {

  private Converters() {}

  static void register(CommandLine line) {
    line.registerConverter(GgmlType.class, Converters::type);
    line.registerConverter(Path.class, Converters::path);
    line.registerConverter(Integer.class, Converters::integer);
    line.registerConverter(int.class, Converters::integer);
    line.registerConverter(Long.class, text -> number(text, Long::valueOf, "whole number"));
    line.registerConverter(long.class, text -> number(text, Long::valueOf, "whole number"));
    line.registerConverter(Float.class, text -> number(text, Float::valueOf, "number"));
    line.registerConverter(float.class, text -> number(text, Float::valueOf, "number"));
    line.registerConverter(Double.class, text -> number(text, Double::valueOf, "number"));
    line.registerConverter(double.class, text -> number(text, Double::valueOf, "number"));
  }

  /** A type as llama.cpp writes it: {@code q8_0}. */
  private static GgmlType type(String text) {
    try {
      return GgmlType.valueOf(text.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException("'" + text + "' is no type of ggml's, such as f16 or q8_0");
    }
  }

  private static Path path(String text) {
    try {
      return Input.path(text);
    } catch (LaminaException e) {
      throw new TypeConversionException(e.getMessage());
    }
  }

  private static Integer integer(String text) {
    return number(text, Integer::valueOf, "whole number");
  }

  private static <T> T number(String text, Function<String, T> read, String what) {
    try {
      return read.apply(text);
    } catch (NumberFormatException e) {
      throw new TypeConversionException(
          "'" + text + "' is " + (text.matches("[+-]?\\d+") ? "out of range" : "no " + what));
    }
  }
}
