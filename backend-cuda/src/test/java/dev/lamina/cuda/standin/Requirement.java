package dev.lamina.cuda.standin;

import static org.junit.jupiter.api.Assertions.fail;

import java.util.Arrays;
import org.junit.jupiter.api.Assumptions;

/** What a test cannot do without. */
public final class Requirement {
  private Requirement() {}

  /**
   * Skips the test with a reason, or lets it fail where {@code LAMINA_REQUIRE_DEVICES} names the
   * backend.
   */
  public static void missing(String backend, String reason) {
    String required = System.getenv("LAMINA_REQUIRE_DEVICES");
    if (required != null && Arrays.asList(required.split(",")).contains(backend)) {
      fail("LAMINA_REQUIRE_DEVICES names " + backend + ", and " + reason);
    }
    Assumptions.abort(reason);
  }
}
