package dev.lamina.vulkan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.lwjgl.vulkan.VK10.VK_MAKE_API_VERSION;

import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Devices and drivers that cannot be used, and what their users are told. */
class RequirementsTest {
  private static final int NEW = VK_MAKE_API_VERSION(0, 1, 3, 230);

  private static String missing(
      int version, boolean addresses, boolean timelines, int family, int invocations) {
    return new Requirements("Card", version, addresses, timelines, family, invocations).missing();
  }

  @Test
  void whatSufficesLacksNothing() {
    assertNull(missing(NEW, true, true, 0, 1024));
    assertNull(missing(VK_MAKE_API_VERSION(0, 1, 2, 0), true, true, 3, 128));
    assertNull(missing(NEW, true, true, 0, -1), "an unsigned number");
    assertNull(Requirements.ofVersion("Card", NEW).missing());
  }

  @Test
  void oldDriversAreToBeUpdated() {
    String old = "Card has Vulkan 1.1.128, and 1.2 is needed: update its driver";
    int version = VK_MAKE_API_VERSION(0, 1, 1, 128);
    assertEquals(old, missing(version, true, true, 0, 1024));
    assertEquals(old, missing(version, false, false, -1, 0), "the first cause is told");
    assertEquals(old, Requirements.ofVersion("Card", version).missing());
    assertEquals(
        "Card has Vulkan 1.0.3, and 1.2 is needed: update its driver",
        Requirements.ofVersion("Card", VK_MAKE_API_VERSION(0, 1, 0, 3)).missing());
  }

  @Test
  void missingFeaturesAreNamed() {
    assertEquals(
        "Card lacks bufferDeviceAddress: update its driver", missing(NEW, false, true, 0, 1024));
    assertEquals(
        "Card lacks timelineSemaphore: update its driver", missing(NEW, true, false, 0, 1024));
    assertEquals("Card has no queue for compute work", missing(NEW, true, true, -1, 1024));
    assertEquals(
        "Card has workgroups of 64 invocations at most, and 128 are needed",
        missing(NEW, true, true, 0, 64));
  }

  @Test
  void featuresAreChosenByName() {
    assertEquals(Set.of(), Feature.parse(null));
    assertEquals(Set.of(), Feature.parse(""));
    assertEquals(
        EnumSet.of(Feature.INTEGERS, Feature.MATRICES), Feature.parse("matrices, integers"));
    assertThrows(IllegalArgumentException.class, () -> Feature.parse("integers,speed"));
  }
}
