package dev.lamina.vulkan;

import static org.lwjgl.vulkan.VK10.VK_PIPELINE_BIND_POINT_COMPUTE;
import static org.lwjgl.vulkan.VK10.VK_SHADER_STAGE_COMPUTE_BIT;
import static org.lwjgl.vulkan.VK10.vkCmdBindPipeline;
import static org.lwjgl.vulkan.VK10.vkCmdCopyBuffer;
import static org.lwjgl.vulkan.VK10.vkCmdDispatch;
import static org.lwjgl.vulkan.VK10.vkCmdPushConstants;

import dev.lamina.vulkan.Pipelines.Kernel;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkBufferCopy;
import org.lwjgl.vulkan.VkCommandBuffer;

/** Kernels of a recording, one after the other, with a barrier where one waits for another. */
final class Dispatches {
  /** Workgroups of kernels whose size is free. */
  static final int WORKGROUP = 128;

  /** The most workgroups in a direction that every device takes. */
  static final int MOST_GROUPS = 65535;

  /** Workgroups of kernels that walk over their data in strides. */
  private static final int STRIDING_GROUPS = 2048;

  private final Pipelines pipelines;
  private final VkCommandBuffer commands;

  /** What was read and written since the last barrier. */
  private final Set<Object> read = new HashSet<>();

  private final Set<Object> written = new HashSet<>();

  private int count;

  Dispatches(Pipelines pipelines, VkCommandBuffer commands) {
    this.pipelines = pipelines;
    this.commands = commands;
  }

  /** How many kernels were dispatched. */
  int count() {
    return count;
  }

  /**
   * Orders what follows behind those that it depends on; what stands for memory is the caller's.
   */
  void order(List<Object> reads, List<Object> writes) {
    boolean wait =
        reads.stream().anyMatch(written::contains)
            || writes.stream().anyMatch(w -> written.contains(w) || read.contains(w));
    if (wait) {
      CommandQueue.kernelBarrier(commands);
      read.clear();
      written.clear();
    }
    read.addAll(reads);
    written.addAll(writes);
  }

  void dispatch(Kernel kernel, Arguments arguments, long x, int y, int z) {
    vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipelines.get(kernel));
    vkCmdPushConstants(
        commands, pipelines.layout(), VK_SHADER_STAGE_COMPUTE_BIT, 0, arguments.bytes());
    vkCmdDispatch(commands, Math.toIntExact(x), y, z);
    count++;
  }

  /** A kernel that walks over {@code total} elements in strides. */
  void stride(Kernel kernel, Arguments arguments, long total) {
    long groups = Math.clamp((total + WORKGROUP - 1) / WORKGROUP, 1, STRIDING_GROUPS);
    dispatch(kernel, arguments, groups, 1, 1);
  }

  /** A kernel whose workgroups take one of {@code total} after the other. */
  void each(Kernel kernel, Arguments arguments, long total) {
    dispatch(kernel, arguments, Math.min(total, MOST_GROUPS), 1, 1);
  }

  void copy(Memory from, Memory to, long bytes) {
    try (MemoryStack stack = MemoryStack.stackPush()) {
      vkCmdCopyBuffer(
          commands, from.handle(), to.handle(), VkBufferCopy.calloc(1, stack).size(bytes));
    }
  }

  /** Orders all before it, copies too, against all after it. */
  void barrier() {
    CommandQueue.barrier(commands);
  }
}
