package dev.lamina.backend;

import dev.lamina.gguf.GgmlType;
import java.util.Set;

/**
 * What a backend's kernels can do on a device that lacks nothing. The feature matrix and the
 * devices' own {@link Device#supports} both come from here, so that they cannot say different
 * things.
 */
public interface Capabilities {
  /** Whether there is a kernel for this op with its types and shapes. */
  Support supports(Op op);

  /** The types that are brought into another layout while loading, for speed. */
  Set<GgmlType> repacked();

  /** Whether several devices of this backend, or this backend beside others, can share one run. */
  default boolean severalDevices() {
    return true;
  }
}
