package dev.lamina.vulkan;

import static org.lwjgl.vulkan.EXTSubgroupSizeControl.VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME;
import static org.lwjgl.vulkan.KHRCooperativeMatrix.VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME;
import static org.lwjgl.vulkan.KHRShaderIntegerDotProduct.VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME;
import static org.lwjgl.vulkan.VK10.vkCreateDevice;
import static org.lwjgl.vulkan.VK10.vkDestroyDevice;

import dev.lamina.backend.Buffer;
import dev.lamina.backend.CompileChecks;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceCounters;
import dev.lamina.backend.DeviceInfo;
import dev.lamina.backend.Graph;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.Program;
import dev.lamina.backend.Support;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Weight;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.lwjgl.PointerBuffer;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkDevice;
import org.lwjgl.vulkan.VkDeviceCreateInfo;
import org.lwjgl.vulkan.VkDeviceQueueCreateInfo;
import org.lwjgl.vulkan.VkPhysicalDeviceCooperativeMatrixFeaturesKHR;
import org.lwjgl.vulkan.VkPhysicalDeviceFeatures;
import org.lwjgl.vulkan.VkPhysicalDeviceFeatures2;
import org.lwjgl.vulkan.VkPhysicalDeviceShaderIntegerDotProductFeatures;
import org.lwjgl.vulkan.VkPhysicalDeviceSubgroupSizeControlFeatures;
import org.lwjgl.vulkan.VkPhysicalDeviceVulkan12Features;

/** A device that Vulkan reaches. Opened when first used, so that looking for devices is cheap. */
final class VulkanDevice implements Device {
  private final String id;
  private final DeviceFacts facts;
  private final VulkanInstance instance;
  private final VulkanOptions options;
  private final Abilities abilities;
  private final Counters counters = new Counters();
  private final Set<Resource> resources = Collections.newSetFromMap(new IdentityHashMap<>());
  private VkDevice device;
  private MemoryPool pool;
  private CommandQueue queue;
  private Staging staging;
  private Pipelines pipelines;
  private DeviceInfo known;
  private boolean closed;

  VulkanDevice(String id, DeviceFacts facts, VulkanInstance instance, VulkanOptions options) {
    this.id = id;
    this.facts = facts;
    this.instance = instance;
    this.options = options;
    abilities = Abilities.of(facts, options);
    instance.use();
    known = info();
  }

  @Override
  public synchronized DeviceInfo info() {
    if (!closed) {
      DeviceFacts.Room room = facts.room(pool == null ? 0 : pool.used());
      known =
          new DeviceInfo(
              id,
              "vulkan",
              facts.name(),
              facts.kind(),
              room.total(),
              room.free(),
              facts.driver(),
              abilities.notes(),
              facts.hardware());
    }
    return known;
  }

  @Override
  public Support supports(Op op) {
    Support capable = VulkanCapabilities.INSTANCE.supports(op);
    if (!capable.runs()) {
      return capable;
    }
    for (TensorSpec spec : op.weights()) {
      if (weightBytes(spec) > facts.maxAllocation()) {
        return Support.no(
            "%s takes %d MiB, and the driver gives %d at once at most"
                .formatted(spec.name(), weightBytes(spec) >> 20, facts.maxAllocation() >> 20));
      }
    }
    return capable;
  }

  @Override
  public Weight load(TensorSpec spec, MemorySegment data) {
    open();
    if (data.byteSize() < spec.bytes()) {
      throw new IllegalArgumentException(
          spec.name() + ": " + data.byteSize() + " bytes where " + spec.bytes() + " are needed");
    }
    boolean vector = spec.use() == TensorSpec.Use.VECTOR;
    WeightLayout layout = vector ? null : WeightLayout.of(spec);
    Memory memory = pool.allocate(weightBytes(spec), MemoryPool.Place.DEVICE);
    try {
      WeightLoader loader = new WeightLoader(queue, staging, pipelines, counters);
      float[] values = null;
      if (vector) {
        values = WeightLoader.vector(spec, data);
        loader.vector(values, memory);
      } else {
        loader.matrix(layout, data.asSlice(0, spec.bytes()), memory);
      }
      return own(new VulkanWeight(this, spec, layout, memory, values));
    } catch (RuntimeException | Error e) {
      queue.finish();
      memory.free();
      throw e;
    }
  }

  @Override
  public long weightBytes(TensorSpec spec) {
    return spec.use() == TensorSpec.Use.VECTOR ? 4L * spec.cols() : WeightLayout.of(spec).bytes();
  }

  @Override
  public long workBytes(Graph graph, Limits limits) {
    return ProgramMemory.workBytes(abilities, graph, limits);
  }

  @Override
  public Buffer allocate(long bytes) {
    open();
    Memory memory = pool.allocate(bytes, MemoryPool.Place.DEVICE);
    return own(new VulkanBuffer(this, bytes, memory, null, true));
  }

  @Override
  public Program compile(Graph graph, Map<TensorSpec, Weight> weights, Limits limits) {
    open();
    Map<TensorSpec, VulkanWeight> loaded =
        CompileChecks.weights(
            graph, weights, VulkanWeight.class, w -> w.device() == this && !w.isClosed());
    CompileChecks.support(this, graph);
    VulkanProgram program = own(VulkanProgram.create(this, graph, loaded, limits));
    pipelines.save();
    return program;
  }

  @Override
  public Optional<DeviceCounters> workDone() {
    return Optional.of(counters.read());
  }

  /** Waits for what is enqueued, frees everything that was made here, and lets go of the device. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (device != null) {
      queue.finish();
      List.copyOf(resources).forEach(Resource::destroy);
      resources.clear();
      pipelines.save();
      staging.close();
      pipelines.close();
      queue.close();
      vkDestroyDevice(device, null);
    }
    instance.release();
  }

  CommandQueue queue() {
    return queue;
  }

  Staging staging() {
    return staging;
  }

  MemoryPool pool() {
    return pool;
  }

  Pipelines pipelines() {
    return pipelines;
  }

  Counters counters() {
    return counters;
  }

  DeviceFacts facts() {
    return facts;
  }

  /** What kernels use of the device. */
  Abilities abilities() {
    return abilities;
  }

  /** Throws where the device is closed, or was lost. */
  void check() {
    if (closed) {
      throw new IllegalStateException("the device is closed");
    }
    if (queue != null) {
      queue.check();
    }
  }

  /** Before something is destroyed: waits until the device no longer uses it. */
  void release(Resource resource) {
    if (!closed) {
      queue.finish();
      resources.remove(resource);
    }
  }

  private <T extends Resource> T own(T resource) {
    resources.add(resource);
    return resource;
  }

  private synchronized void open() {
    check();
    if (device != null) {
      return;
    }
    try (MemoryStack stack = MemoryStack.stackPush()) {
      List<String> extensions = new ArrayList<>();
      VkPhysicalDeviceVulkan12Features twelve =
          VkPhysicalDeviceVulkan12Features.calloc(stack)
              .sType$Default()
              .bufferDeviceAddress(true)
              .timelineSemaphore(true);
      VkPhysicalDeviceFeatures2 features = VkPhysicalDeviceFeatures2.calloc(stack).sType$Default();
      VkDeviceCreateInfo info =
          VkDeviceCreateInfo.calloc(stack).sType$Default().pNext(twelve).pNext(features);
      boolean before13 = facts.apiVersion() < Answers.VERSION_1_3;
      if (abilities.subgroup() > 0) {
        if (before13) {
          extensions.add(VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME);
        }
        info.pNext(
            VkPhysicalDeviceSubgroupSizeControlFeatures.calloc(stack)
                .sType$Default()
                .subgroupSizeControl(true)
                .computeFullSubgroups(true));
      }
      if (abilities.integers()) {
        if (before13) {
          extensions.add(VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME);
        }
        info.pNext(
            VkPhysicalDeviceShaderIntegerDotProductFeatures.calloc(stack)
                .sType$Default()
                .shaderIntegerDotProduct(true));
      }
      twelve.shaderFloat16(abilities.halves() || abilities.matrices() != null);
      if (abilities.matrices() != null) {
        extensions.add(VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME);
        twelve.vulkanMemoryModel(true).vulkanMemoryModelDeviceScope(true);
        info.pNext(
            VkPhysicalDeviceCooperativeMatrixFeaturesKHR.calloc(stack)
                .sType$Default()
                .cooperativeMatrix(true));
      }
      if (options.validation() != null) {
        // What the validation layers' own kernels need.
        VkPhysicalDeviceFeatures basic = features.features();
        basic.shaderInt64(true);
        basic.vertexPipelineStoresAndAtomics(true);
        basic.fragmentStoresAndAtomics(true);
      }
      if (facts.extensions().contains("VK_KHR_portability_subset")) {
        extensions.add("VK_KHR_portability_subset");
      }
      info.pQueueCreateInfos(
              VkDeviceQueueCreateInfo.calloc(1, stack)
                  .sType$Default()
                  .queueFamilyIndex(facts.queueFamily())
                  .pQueuePriorities(stack.floats(1)))
          .ppEnabledExtensionNames(VulkanInstance.strings(stack, extensions));
      PointerBuffer handle = stack.mallocPointer(1);
      Results.check(
          vkCreateDevice(facts.physical(), info, null, handle), "opening " + facts.name());
      VkDevice opened = new VkDevice(handle.get(0), facts.physical(), info);
      try {
        pool = new MemoryPool(opened, facts, options.memoryLimit());
        queue = new CommandQueue(opened, facts, options, counters);
        pipelines =
            new Pipelines(opened, new PipelineCacheFile(options.cacheFolder(), facts.identity()));
        staging = new Staging(queue, pool, counters);
      } catch (RuntimeException | Error e) {
        if (queue != null) {
          queue.close();
          queue = null;
        }
        pool = null;
        vkDestroyDevice(opened, null);
        throw e;
      }
      device = opened;
    }
  }
}
