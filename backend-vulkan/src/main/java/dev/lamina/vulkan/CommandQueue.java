package dev.lamina.vulkan;

import static org.lwjgl.vulkan.VK10.*;
import static org.lwjgl.vulkan.VK12.VK_SEMAPHORE_TYPE_TIMELINE;
import static org.lwjgl.vulkan.VK12.vkGetSemaphoreCounterValue;
import static org.lwjgl.vulkan.VK12.vkWaitSemaphores;

import dev.lamina.backend.DeviceException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.lwjgl.PointerBuffer;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkCommandBuffer;
import org.lwjgl.vulkan.VkCommandBufferAllocateInfo;
import org.lwjgl.vulkan.VkCommandBufferBeginInfo;
import org.lwjgl.vulkan.VkCommandPoolCreateInfo;
import org.lwjgl.vulkan.VkDevice;
import org.lwjgl.vulkan.VkMemoryBarrier;
import org.lwjgl.vulkan.VkQueue;
import org.lwjgl.vulkan.VkSemaphoreCreateInfo;
import org.lwjgl.vulkan.VkSemaphoreTypeCreateInfo;
import org.lwjgl.vulkan.VkSemaphoreWaitInfo;
import org.lwjgl.vulkan.VkSubmitInfo;
import org.lwjgl.vulkan.VkTimelineSemaphoreSubmitInfo;

/**
 * A device's queue. What is enqueued for once (copies of buffers) is collected and goes with the
 * next submission; each submission raises a timeline semaphore by one.
 */
final class CommandQueue {
  private final VkDevice device;
  private final DeviceFacts facts;
  private final VulkanOptions options;
  private final VkQueue queue;
  private final long pool;
  private final long timeline;
  private final Counters counters;
  private final Deque<Transient> used = new ArrayDeque<>();
  private VkCommandBuffer open;
  private long submitted;
  private long done;
  private int steps;
  private DeviceException lost;

  /** A command buffer for once, and when it is free again. */
  private record Transient(VkCommandBuffer commands, long value) {}

  CommandQueue(VkDevice device, DeviceFacts facts, VulkanOptions options, Counters counters) {
    this.device = device;
    this.facts = facts;
    this.options = options;
    this.counters = counters;
    try (MemoryStack stack = MemoryStack.stackPush()) {
      PointerBuffer pointer = stack.mallocPointer(1);
      vkGetDeviceQueue(device, facts.queueFamily(), 0, pointer);
      queue = new VkQueue(pointer.get(0), device);
      long[] handle = new long[1];
      Results.check(
          vkCreateCommandPool(
              device,
              VkCommandPoolCreateInfo.calloc(stack)
                  .sType$Default()
                  .flags(VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT)
                  .queueFamilyIndex(facts.queueFamily()),
              null,
              handle),
          "creating a command pool");
      pool = handle[0];
      int result =
          vkCreateSemaphore(
              device,
              VkSemaphoreCreateInfo.calloc(stack)
                  .sType$Default()
                  .pNext(
                      VkSemaphoreTypeCreateInfo.calloc(stack)
                          .sType$Default()
                          .semaphoreType(VK_SEMAPHORE_TYPE_TIMELINE)),
              null,
              handle);
      if (result != VK_SUCCESS) {
        vkDestroyCommandPool(device, pool, null);
        throw Results.failure(result, "creating a semaphore");
      }
      timeline = handle[0];
    }
  }

  /** Throws what the device has failed with before. */
  void check() {
    if (lost != null) {
      throw new DeviceException(lost.kind(), lost.getMessage(), lost);
    }
  }

  /** A new command buffer; the caller records it and frees it. */
  VkCommandBuffer allocate() {
    check();
    try (MemoryStack stack = MemoryStack.stackPush()) {
      PointerBuffer pointer = stack.mallocPointer(1);
      Results.check(
          vkAllocateCommandBuffers(
              device,
              VkCommandBufferAllocateInfo.calloc(stack)
                  .sType$Default()
                  .commandPool(pool)
                  .level(VK_COMMAND_BUFFER_LEVEL_PRIMARY)
                  .commandBufferCount(1),
              pointer),
          "allocating a command buffer");
      return new VkCommandBuffer(pointer.get(0), device);
    }
  }

  void free(VkCommandBuffer commands) {
    vkFreeCommandBuffers(device, pool, commands);
  }

  /** Begins recording; what was enqueued before is done, and seen, before what follows. */
  void begin(VkCommandBuffer commands, int usage) {
    try (MemoryStack stack = MemoryStack.stackPush()) {
      Results.check(
          vkBeginCommandBuffer(
              commands, VkCommandBufferBeginInfo.calloc(stack).sType$Default().flags(usage)),
          "recording commands");
    }
    barrier(commands);
  }

  /** Ends recording; the host sees all that was written. */
  void end(VkCommandBuffer commands) {
    try (MemoryStack stack = MemoryStack.stackPush()) {
      VkMemoryBarrier.Buffer barrier =
          VkMemoryBarrier.calloc(1, stack)
              .sType$Default()
              .srcAccessMask(VK_ACCESS_MEMORY_WRITE_BIT)
              .dstAccessMask(VK_ACCESS_HOST_READ_BIT);
      vkCmdPipelineBarrier(
          commands,
          VK_PIPELINE_STAGE_ALL_COMMANDS_BIT,
          VK_PIPELINE_STAGE_HOST_BIT,
          0,
          barrier,
          null,
          null);
    }
    Results.check(vkEndCommandBuffer(commands), "recording commands");
  }

  /** Orders all before it against all after it. */
  static void barrier(VkCommandBuffer commands) {
    int stages = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
    barrier(
        commands,
        stages,
        VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
        VK_ACCESS_SHADER_READ_BIT
            | VK_ACCESS_SHADER_WRITE_BIT
            | VK_ACCESS_TRANSFER_READ_BIT
            | VK_ACCESS_TRANSFER_WRITE_BIT);
  }

  /** Orders the kernels before it against those after it. */
  static void kernelBarrier(VkCommandBuffer commands) {
    barrier(
        commands,
        VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
        VK_ACCESS_SHADER_WRITE_BIT,
        VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT);
  }

  private static void barrier(VkCommandBuffer commands, int stages, int before, int after) {
    try (MemoryStack stack = MemoryStack.stackPush()) {
      VkMemoryBarrier.Buffer barrier =
          VkMemoryBarrier.calloc(1, stack)
              .sType$Default()
              .srcAccessMask(before)
              .dstAccessMask(after);
      vkCmdPipelineBarrier(commands, stages, stages, 0, barrier, null, null);
    }
  }

  /** Where copies for once are recorded; they are submitted with what comes next. */
  VkCommandBuffer once() {
    check();
    if (open == null) {
      Transient oldest = used.peekFirst();
      VkCommandBuffer commands;
      if (oldest != null && isDone(oldest.value)) {
        used.removeFirst();
        commands = oldest.commands;
      } else {
        commands = allocate();
      }
      begin(commands, VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT);
      open = commands;
    }
    return open;
  }

  /** The value that the timeline has when what is recorded for once now is done. */
  long nextValue() {
    return submitted + 1;
  }

  /** Submits what was recorded for once, if anything; the timeline's value when all is done. */
  long flush() {
    return open == null ? submitted : submit(null);
  }

  /** Submits a program's step behind what was recorded for once. */
  long submitStep(VkCommandBuffer commands) {
    check();
    long value = submit(commands);
    if (options.loseAt() > 0 && ++steps == options.loseAt()) {
      // What a real loss does: the submission is accepted, and whoever waits is told.
      await(value);
      lost = Results.failure(VK_ERROR_DEVICE_LOST, "a step on " + facts.name());
    }
    return value;
  }

  private long submit(VkCommandBuffer commands) {
    check();
    try (MemoryStack stack = MemoryStack.stackPush()) {
      PointerBuffer all = stack.mallocPointer(2);
      if (open != null) {
        end(open);
        all.put(open);
      }
      if (commands != null) {
        all.put(commands);
      }
      all.flip();
      long value = submitted + 1;
      VkSubmitInfo info =
          VkSubmitInfo.calloc(stack)
              .sType$Default()
              .pNext(
                  VkTimelineSemaphoreSubmitInfo.calloc(stack)
                      .sType$Default()
                      .pSignalSemaphoreValues(stack.longs(value)))
              .pCommandBuffers(all)
              .pSignalSemaphores(stack.longs(timeline));
      int result = vkQueueSubmit(queue, info, VK_NULL_HANDLE);
      failIf(result, "submitting work to " + facts.name());
      submitted = value;
      counters.submissions++;
      if (open != null) {
        used.addLast(new Transient(open, value));
        open = null;
      }
      return value;
    }
  }

  /** Whether what was submitted as {@code value} is done. */
  private boolean isDone(long value) {
    if (value > done) {
      long[] now = new long[1];
      failIf(vkGetSemaphoreCounterValue(device, timeline, now), "asking " + facts.name());
      done = now[0];
    }
    return value <= done;
  }

  /** Waits until what was submitted as {@code value} is done. */
  void await(long value) {
    check();
    if (isDone(value)) {
      return;
    }
    counters.synchronisations++;
    try (MemoryStack stack = MemoryStack.stackPush()) {
      VkSemaphoreWaitInfo info =
          VkSemaphoreWaitInfo.calloc(stack)
              .sType$Default()
              .semaphoreCount(1)
              .pSemaphores(stack.longs(timeline))
              .pValues(stack.longs(value));
      failIf(vkWaitSemaphores(device, info, -1L), "waiting for " + facts.name());
    }
    done = Math.max(done, value);
  }

  private void failIf(int result, String what) {
    if (result < VK_SUCCESS) {
      DeviceException failure = Results.failure(result, what);
      if (failure.kind() == DeviceException.Kind.LOST) {
        lost = failure;
      }
      throw failure;
    }
  }

  /** Waits for everything; a device that is lost has nothing to wait for. */
  void finish() {
    if (lost == null) {
      try {
        await(flush());
      } catch (DeviceException e) {
        vkDeviceWaitIdle(device);
      }
    } else {
      vkDeviceWaitIdle(device);
    }
  }

  void close() {
    vkDeviceWaitIdle(device);
    vkDestroySemaphore(device, timeline, null);
    vkDestroyCommandPool(device, pool, null);
  }
}
