package dev.lamina.vulkan;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.Device;
import dev.lamina.vulkan.Pipelines.Kernel;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Accesses of all kernels but tiles, and that one outside is found at all. */
@Only({"accessesOutsideAreFound", "devices", "embeddings", "vectors", "matrixScales", "pages"})
class AssistedCheck extends AssistedContract {
  @Override
  VulkanOptions options() {
    return super.options().with(Feature.INTEGERS);
  }

  @Test
  void accessesOutsideAreFound() {
    try (Device opened = open()) {
      VulkanDevice device = (VulkanDevice) opened;
      VulkanBuffer in = (VulkanBuffer) device.allocate(64);
      VulkanBuffer out = (VulkanBuffer) device.allocate(4096);
      VulkanBuffer count = (VulkanBuffer) device.allocate(16);
      count.write(0, MemorySegment.ofArray(new int[] {1, 0, 0, 0}));
      for (int width : new int[] {16, 1024}) {
        CommandQueue.barrier(device.queue().once());
        Arguments arguments =
            new Arguments()
                .address(
                    in.memory().address(),
                    in.memory().address(),
                    out.memory().address(),
                    count.memory().address())
                .number(width)
                .real(1);
        Kernel scale = Kernel.of("elementwise", Dispatches.WORKGROUP, 1);
        new Dispatches(device.pipelines(), device.queue().once()).stride(scale, arguments, width);
        device.queue().await(device.queue().flush());
        List<String> messages = TestDevices.messages();
        boolean outside = messages.stream().anyMatch(m -> m.contains("out of bounds"));
        assertTrue(outside == (width > 16), width + " values of 16: " + messages);
      }
    }
  }
}
