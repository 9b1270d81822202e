package dev.lamina.cpu.code;

import dev.lamina.backend.DeviceException;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/** Functions by what they do: assembled when first asked for, and then kept for the process. */
public final class CodeCache {
  private static final Map<Object, Long> FUNCTIONS = new HashMap<>();

  private CodeCache() {}

  /**
   * The address of a function.
   *
   * @param key a record that says all that the code depends on
   * @param code assembles it
   * @throws DeviceException where the system gives no memory for it
   */
  public static synchronized long function(Record key, Supplier<byte[]> code) {
    Long known = FUNCTIONS.get(key);
    if (known == null) {
      known = CodeMemory.place(code.get());
      if (known == 0) {
        throw new DeviceException(
            DeviceException.Kind.OUT_OF_MEMORY, "the host has no memory for machine code");
      }
      FUNCTIONS.put(key, known);
    }
    return known;
  }
}
