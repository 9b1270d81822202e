package dev.lamina.vulkan;

import static org.lwjgl.vulkan.VK10.*;
import static org.lwjgl.vulkan.VK13.VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT;

import dev.lamina.backend.DeviceException;
import dev.lamina.shaders.SpirV;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lwjgl.PointerBuffer;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.system.MemoryUtil;
import org.lwjgl.vulkan.VkComputePipelineCreateInfo;
import org.lwjgl.vulkan.VkDevice;
import org.lwjgl.vulkan.VkPipelineCacheCreateInfo;
import org.lwjgl.vulkan.VkPipelineLayoutCreateInfo;
import org.lwjgl.vulkan.VkPipelineShaderStageCreateInfo;
import org.lwjgl.vulkan.VkPipelineShaderStageRequiredSubgroupSizeCreateInfo;
import org.lwjgl.vulkan.VkPushConstantRange;
import org.lwjgl.vulkan.VkShaderModuleCreateInfo;
import org.lwjgl.vulkan.VkSpecializationInfo;
import org.lwjgl.vulkan.VkSpecializationMapEntry;

/**
 * The device's pipelines, compiled when first asked for. All have the same layout: their arguments
 * are push constants, and memory is given by address.
 */
final class Pipelines {
  /** Bytes of arguments that every device takes. */
  static final int MAX_ARGUMENTS = 128;

  /**
   * A kernel.
   *
   * @param shader its name
   * @param constants its specialisation constants by their numbers; the first is the workgroup's
   *     size
   * @param subgroup the size of subgroups that it needs, or 0
   */
  record Kernel(String shader, List<Integer> constants, int subgroup) {
    static Kernel of(String shader, Integer... constants) {
      return new Kernel(shader, List.of(constants), 0);
    }

    int workgroup() {
      return constants.getFirst();
    }
  }

  private final VkDevice device;
  private final PipelineCacheFile file;
  private final Map<String, Long> modules = new HashMap<>();
  private final Map<Kernel, Long> pipelines = new HashMap<>();
  private final long cache;
  private final long layout;
  private byte[] saved;
  private boolean fresh;

  Pipelines(VkDevice device, PipelineCacheFile file) {
    this.device = device;
    this.file = file;
    saved = file.read();
    ByteBuffer initial = MemoryUtil.memAlloc(Math.max(1, saved.length));
    try (MemoryStack stack = MemoryStack.stackPush()) {
      initial.put(0, saved).limit(saved.length);
      long[] handle = new long[1];
      VkPipelineCacheCreateInfo info = VkPipelineCacheCreateInfo.calloc(stack).sType$Default();
      if (saved.length > 0) {
        info.pInitialData(initial);
      }
      int result = vkCreatePipelineCache(device, info, null, handle);
      if (result != VK_SUCCESS) {
        Results.check(
            vkCreatePipelineCache(
                device, VkPipelineCacheCreateInfo.calloc(stack).sType$Default(), null, handle),
            "creating a pipeline cache");
      }
      cache = handle[0];
      result =
          vkCreatePipelineLayout(
              device,
              VkPipelineLayoutCreateInfo.calloc(stack)
                  .sType$Default()
                  .pPushConstantRanges(
                      VkPushConstantRange.calloc(1, stack)
                          .stageFlags(VK_SHADER_STAGE_COMPUTE_BIT)
                          .size(MAX_ARGUMENTS)),
              null,
              handle);
      if (result != VK_SUCCESS) {
        vkDestroyPipelineCache(device, cache, null);
        throw Results.failure(result, "creating a pipeline layout");
      }
      layout = handle[0];
    } finally {
      MemoryUtil.memFree(initial);
    }
  }

  long layout() {
    return layout;
  }

  /** The pipeline of a kernel. */
  long get(Kernel kernel) {
    Long pipeline = pipelines.get(kernel);
    if (pipeline == null) {
      pipeline = create(kernel);
      pipelines.put(kernel, pipeline);
      fresh = true;
    }
    return pipeline;
  }

  private long create(Kernel kernel) {
    try (MemoryStack stack = MemoryStack.stackPush()) {
      int n = kernel.constants.size();
      VkSpecializationMapEntry.Buffer entries = VkSpecializationMapEntry.calloc(n, stack);
      ByteBuffer data = stack.malloc(4 * n);
      for (int i = 0; i < n; i++) {
        entries.get(i).constantID(i).offset(4 * i).size(4);
        data.putInt(4 * i, kernel.constants.get(i));
      }
      VkPipelineShaderStageCreateInfo stage =
          VkPipelineShaderStageCreateInfo.calloc(stack)
              .sType$Default()
              .stage(VK_SHADER_STAGE_COMPUTE_BIT)
              .module(module(kernel.shader))
              .pName(stack.UTF8("main"))
              .pSpecializationInfo(
                  VkSpecializationInfo.calloc(stack).pMapEntries(entries).pData(data));
      if (kernel.subgroup > 0) {
        stage
            .flags(VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT)
            .pNext(
                VkPipelineShaderStageRequiredSubgroupSizeCreateInfo.calloc(stack)
                    .sType$Default()
                    .requiredSubgroupSize(kernel.subgroup));
      }
      VkComputePipelineCreateInfo.Buffer info =
          VkComputePipelineCreateInfo.calloc(1, stack).sType$Default().stage(stage).layout(layout);
      long[] handle = new long[1];
      int result = vkCreateComputePipelines(device, cache, info, null, handle);
      if (result != VK_SUCCESS) {
        DeviceException failure = Results.failure(result, "compiling the kernel " + kernel.shader);
        throw failure.kind() == DeviceException.Kind.OTHER
            ? new DeviceException(DeviceException.Kind.COMPILE_FAILED, failure.getMessage())
            : failure;
      }
      return handle[0];
    }
  }

  private long module(String shader) {
    Long module = modules.get(shader);
    if (module != null) {
      return module;
    }
    byte[] spirv = SpirV.read(shader);
    ByteBuffer code = MemoryUtil.memAlloc(spirv.length);
    try (MemoryStack stack = MemoryStack.stackPush()) {
      code.put(0, spirv);
      long[] handle = new long[1];
      Results.check(
          vkCreateShaderModule(
              device,
              VkShaderModuleCreateInfo.calloc(stack).sType$Default().pCode(code),
              null,
              handle),
          "reading the kernel " + shader);
      modules.put(shader, handle[0]);
      return handle[0];
    } finally {
      MemoryUtil.memFree(code);
    }
  }

  /** Writes what was compiled since the last time to disk. */
  void save() {
    if (!fresh) {
      return;
    }
    fresh = false;
    try (MemoryStack stack = MemoryStack.stackPush()) {
      PointerBuffer size = stack.mallocPointer(1);
      if (vkGetPipelineCacheData(device, cache, size, null) != VK_SUCCESS || size.get(0) == 0) {
        return;
      }
      ByteBuffer data = MemoryUtil.memAlloc(Math.toIntExact(size.get(0)));
      try {
        if (vkGetPipelineCacheData(device, cache, size, data) == VK_SUCCESS) {
          byte[] bytes = new byte[Math.toIntExact(size.get(0))];
          data.get(0, bytes);
          if (!Arrays.equals(bytes, saved)) {
            file.write(bytes);
            saved = bytes;
          }
        }
      } finally {
        MemoryUtil.memFree(data);
      }
    }
  }

  void close() {
    pipelines.values().forEach(pipeline -> vkDestroyPipeline(device, pipeline, null));
    modules.values().forEach(module -> vkDestroyShaderModule(device, module, null));
    vkDestroyPipelineLayout(device, layout, null);
    vkDestroyPipelineCache(device, cache, null);
  }
}
