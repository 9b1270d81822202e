package dev.lamina.testing;

import static org.junit.jupiter.api.Assertions.fail;

import java.util.Arrays;
import org.junit.jupiter.api.Assumptions;

/**
 * What a test cannot do without. The environment variable {@code LAMINA_REQUIRE_DEVICES} names what
 * must be there: a list such as {@code vulkan,opencl}.
 */
public final class Requirement {
  private static final String VARIABLE = "LAMINA_REQUIRE_DEVICES";

  private Requirement() {}

  /** Whether the environment asks for it. */
  public static boolean isRequired(String name) {
    String required = System.getenv(VARIABLE);
    return required != null
        && Arrays.stream(required.split(",")).map(String::strip).anyMatch(name::equals);
  }

  /**
   * Skips the test with a reason, or lets it fail where the environment asks for what is missing.
   */
  public static void missing(String name, String reason) {
    if (isRequired(name)) {
      fail(VARIABLE + " names " + name + ", and " + reason);
    }
    Assumptions.abort(reason);
  }
}
