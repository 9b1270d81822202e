package dev.lamina.vulkan;

import dev.lamina.gguf.GgmlType;
import java.util.List;

/**
 * Accesses of attention with heads and ratios of all kinds, in the type whose rows are padded; the
 * other types are in the check of pages.
 */
@Only("attention")
class AssistedAttentionCheck extends AssistedContract {
  @Override
  protected List<GgmlType> kvTypes() {
    return List.of(GgmlType.F16);
  }
}
