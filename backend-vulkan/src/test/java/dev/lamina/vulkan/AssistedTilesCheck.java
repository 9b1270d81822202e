package dev.lamina.vulkan;

import dev.lamina.gguf.GgmlType;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Nested;

/**
 * Accesses of the tiles of products, also of experts: a type or more of each layout of blocks, in
 * small tiles, which differ from large ones in constants alone.
 */
class AssistedTilesCheck {
  /** One form of tiles. */
  @Only({"matrixShapes", "expertProducts"})
  abstract static class Tiles extends AssistedContract {
    private final Set<GgmlType> types;

    Tiles(GgmlType first, GgmlType... more) {
      types = EnumSet.of(first, more);
    }

    @Override
    VulkanOptions options() {
      return super.options().withSmallTiles();
    }

    @Override
    protected Set<GgmlType> matrixTypes() {
      return types;
    }
  }

  @Nested
  class Floats extends Tiles {
    Floats() {
      super(GgmlType.BF16, GgmlType.Q3_K);
    }
  }

  @Nested
  class Halves extends Tiles {
    Halves() {
      super(GgmlType.F16);
    }

    @Override
    VulkanOptions options() {
      return super.options().with(Feature.HALVES);
    }
  }

  @Nested
  class Integers extends Tiles {
    Integers() {
      super(GgmlType.Q5_0, GgmlType.Q2_K, GgmlType.Q4_K, GgmlType.Q6_K);
    }

    @Override
    VulkanOptions options() {
      return super.options().with(Feature.INTEGERS);
    }
  }

  @Nested
  class Large extends Tiles {
    Large() {
      super(GgmlType.Q4_0);
    }

    @Override
    VulkanOptions options() {
      return TestDevices.options();
    }
  }
}
