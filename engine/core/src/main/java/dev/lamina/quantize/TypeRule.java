package dev.lamina.quantize;

import dev.lamina.LaminaException;
import dev.lamina.gguf.GgmlType;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * A type for all tensors in whose names a pattern is found ({@code llama-quantize --tensor-type}).
 */
public record TypeRule(Pattern pattern, GgmlType type) {
  /**
   * Reads {@code REGEX=TYPE}.
   *
   * @throws LaminaException where the text is none
   */
  public static TypeRule parse(String text) {
    int equals = text.lastIndexOf('=');
    if (equals <= 0) {
      throw new LaminaException("'" + text + "' is no REGEX=TYPE, such as attn_v=q8_0");
    }
    String name = text.substring(equals + 1).toUpperCase(Locale.ROOT);
    for (GgmlType type : GgmlType.values()) {
      if (type.isWeightType() && type.name().equals(name)) {
        try {
          return new TypeRule(Pattern.compile(text.substring(0, equals)), type);
        } catch (PatternSyntaxException e) {
          throw new LaminaException(
              "'" + text.substring(0, equals) + "' is no regular expression: " + e.getDescription(),
              e);
        }
      }
    }
    throw new LaminaException(
        "'" + text.substring(equals + 1) + "' is no type of tensors, such as q8_0 or iq4_xs");
  }
}
