package dev.lamina.vulkan;

import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.Discovery;
import dev.lamina.gguf.GgmlType;
import dev.lamina.testing.Requirement;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** The device that the tests run on: the first that Vulkan has, of whatever kind. */
final class TestDevices {
  /** The declared types of weights. */
  static final Set<GgmlType> TYPES =
      Set.of(
          GgmlType.F32,
          GgmlType.F16,
          GgmlType.BF16,
          GgmlType.Q4_0,
          GgmlType.Q4_1,
          GgmlType.Q5_0,
          GgmlType.Q5_1,
          GgmlType.Q8_0,
          GgmlType.Q2_K,
          GgmlType.Q3_K,
          GgmlType.Q4_K,
          GgmlType.Q5_K,
          GgmlType.Q6_K,
          GgmlType.TQ1_0,
          GgmlType.TQ2_0,
          GgmlType.MXFP4);

  private TestDevices() {}

  /**
   * {@code true}: under the validation layers. {@code assisted}: with their GPU-assisted checks of
   * every access, which take long on lavapipe: kernels grow, and are compiled for the CPU.
   */
  private static final String VALIDATION = System.getProperty("lamina.vulkan.validation", "");

  private static final Queue<String> MESSAGES = new ConcurrentLinkedQueue<>();

  static VulkanOptions options() {
    VulkanOptions options = VulkanOptions.ofProperties().withCacheFolder(null);
    return VALIDATION.isEmpty()
        ? options
        : options.withValidation(MESSAGES::add, VALIDATION.equals("assisted"));
  }

  /** What the validation layers have said since this was asked last. */
  static List<String> messages() {
    List<String> found = new ArrayList<>();
    for (String message = MESSAGES.poll(); message != null; message = MESSAGES.poll()) {
      found.add(message);
    }
    return found;
  }

  /** Fails the tests during which the validation layers found an error. */
  static final class Validation implements AfterEachCallback, AfterAllCallback {
    @Override
    public void afterEach(ExtensionContext context) {
      check();
    }

    @Override
    public void afterAll(ExtensionContext context) {
      check();
    }

    private static void check() {
      Assertions.assertEquals(List.of(), messages(), "messages of the validation layers");
    }
  }

  /** The first device; the others are closed. See {@link Requirement} for where there is none. */
  static Device open(VulkanOptions options) {
    Discovery discovery = new VulkanBackendProvider(options).discover(DeviceOptions.DEFAULT);
    discovery.devices().stream().skip(1).forEach(Device::close);
    if (discovery.devices().isEmpty()) {
      String why = "no Vulkan device to test on: " + String.join("; ", discovery.reasons());
      Requirement.missing("vulkan", why);
    }
    return discovery.devices().getFirst();
  }
}
