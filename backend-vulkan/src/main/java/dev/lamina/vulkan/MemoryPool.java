package dev.lamina.vulkan;

import static org.lwjgl.vulkan.VK10.*;
import static org.lwjgl.vulkan.VK12.*;

import dev.lamina.backend.DeviceException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.lwjgl.PointerBuffer;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkBufferCreateInfo;
import org.lwjgl.vulkan.VkBufferDeviceAddressInfo;
import org.lwjgl.vulkan.VkDevice;
import org.lwjgl.vulkan.VkMemoryAllocateFlagsInfo;
import org.lwjgl.vulkan.VkMemoryAllocateInfo;
import org.lwjgl.vulkan.VkMemoryRequirements;
import org.lwjgl.vulkan.VkPhysicalDeviceMemoryProperties;

/**
 * Gives out buffers from few allocations: small ones share blocks, large ones have one of their
 * own, so that hardly anything is left unused.
 */
final class MemoryPool {
  /** From this size on a buffer has an allocation of its own. */
  private static final long LARGE = 8L << 20;

  private static final long BLOCK = 32L << 20;
  private static final int USAGE =
      VK_BUFFER_USAGE_STORAGE_BUFFER_BIT
          | VK_BUFFER_USAGE_TRANSFER_SRC_BIT
          | VK_BUFFER_USAGE_TRANSFER_DST_BIT
          | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT;

  /** What memory is for. */
  enum Place {
    /** Fast for kernels. */
    DEVICE(VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, 0),
    /** Written by the host. */
    UPLOAD(VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT, 0),
    /** Read by the host. */
    READBACK(
        VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT,
        VK_MEMORY_PROPERTY_HOST_CACHED_BIT);

    private final int required;
    private final int preferred;

    Place(int required, int preferred) {
      this.required = required;
      this.preferred = preferred;
    }

    private boolean isHost() {
      return this != DEVICE;
    }
  }

  /** One allocation. */
  static final class Block {
    private final Place place;
    private final long memory;
    private final long bytes;
    private final MemorySegment mapped;

    /** Free ranges: where they begin, and their sizes. */
    private final TreeMap<Long, Long> free = new TreeMap<>();

    private Block(Place place, long memory, long bytes, MemorySegment mapped) {
      this.place = place;
      this.memory = memory;
      this.bytes = bytes;
      this.mapped = mapped;
      free.put(0L, bytes);
    }

    /** The offset of a range, or -1 where none is large enough. */
    private long take(long size, long alignment) {
      for (Map.Entry<Long, Long> range : free.entrySet()) {
        long from = range.getKey();
        long at = (from + alignment - 1) / alignment * alignment;
        long end = from + range.getValue();
        if (at + size <= end) {
          free.remove(from);
          if (at > from) {
            free.put(from, at - from);
          }
          if (end > at + size) {
            free.put(at + size, end - at - size);
          }
          return at;
        }
      }
      return -1;
    }

    private void give(long at, long size) {
      Map.Entry<Long, Long> before = free.lowerEntry(at);
      long from = at;
      long end = at + size;
      if (before != null && before.getKey() + before.getValue() == at) {
        from = before.getKey();
      }
      Long after = free.remove(end);
      if (after != null) {
        end += after;
      }
      free.put(from, end - from);
    }

    private boolean isEmpty() {
      Long whole = free.get(0L);
      return whole != null && whole == bytes;
    }
  }

  private final VkDevice device;
  private final DeviceFacts facts;
  private final Map<Place, List<Block>> blocks = new EnumMap<>(Place.class);
  private final long limit;
  private long used;

  /** {@code limit}: the most bytes of device memory; 0 for no limit of its own. */
  MemoryPool(VkDevice device, DeviceFacts facts, long limit) {
    this.limit = limit;
    this.device = device;
    this.facts = facts;
    for (Place place : Place.values()) {
      blocks.put(place, new ArrayList<>());
    }
  }

  /** Bytes of device memory allocated. */
  long used() {
    return used;
  }

  /**
   * @throws DeviceException where there is no memory for it
   */
  Memory allocate(long bytes, Place place) {
    if (bytes > facts.maxAllocation()) {
      throw new DeviceException(
          DeviceException.Kind.OUT_OF_MEMORY,
          "%s: a buffer of %d bytes, and its driver gives %d at once at most"
              .formatted(facts.name(), bytes, facts.maxAllocation()));
    }
    long size = Math.max(16, (bytes + 15) / 16 * 16);
    try (MemoryStack stack = MemoryStack.stackPush()) {
      VkBufferCreateInfo info =
          VkBufferCreateInfo.calloc(stack)
              .sType$Default()
              .size(size)
              .usage(USAGE)
              .sharingMode(VK_SHARING_MODE_EXCLUSIVE);
      long[] handle = new long[1];
      Results.check(vkCreateBuffer(device, info, null, handle), "creating a buffer");
      try {
        VkMemoryRequirements needs = VkMemoryRequirements.calloc(stack);
        vkGetBufferMemoryRequirements(device, handle[0], needs);
        long alignment = Math.max(256, needs.alignment());
        Block block = null;
        long at = -1;
        for (Block some : needs.size() >= LARGE ? List.<Block>of() : blocks.get(place)) {
          at = some.take(needs.size(), alignment);
          if (at >= 0) {
            block = some;
            break;
          }
        }
        if (block == null) {
          block = add(place, needs);
          at = block.take(needs.size(), alignment);
        }
        try {
          Results.check(
              vkBindBufferMemory(device, handle[0], block.memory, at), "binding a buffer");
        } catch (RuntimeException e) {
          release(block, at, needs.size());
          throw e;
        }
        long address =
            vkGetBufferDeviceAddress(
                device, VkBufferDeviceAddressInfo.calloc(stack).sType$Default().buffer(handle[0]));
        MemorySegment mapped = block.mapped == null ? null : block.mapped.asSlice(at, size);
        return new Memory(this, handle[0], block, at, needs.size(), address, mapped);
      } catch (RuntimeException e) {
        vkDestroyBuffer(device, handle[0], null);
        throw e;
      }
    }
  }

  private Block add(Place place, VkMemoryRequirements needs) {
    long bytes = needs.size() >= LARGE ? needs.size() : BLOCK;
    if (limit > 0 && place == Place.DEVICE && used + bytes > limit) {
      throw new DeviceException(
          DeviceException.Kind.OUT_OF_MEMORY,
          "%s: %d bytes wanted, %d of %d in use".formatted(facts.name(), bytes, used, limit));
    }
    long memory = memory(place, bytes, needs.memoryTypeBits());
    MemorySegment mapped = null;
    if (place.isHost()) {
      try (MemoryStack stack = MemoryStack.stackPush()) {
        PointerBuffer pointer = stack.mallocPointer(1);
        int result = vkMapMemory(device, memory, 0, VK_WHOLE_SIZE, 0, pointer);
        if (result != VK_SUCCESS) {
          vkFreeMemory(device, memory, null);
          throw Results.failure(result, "mapping memory");
        }
        mapped = Native.segment(pointer.get(0), bytes);
      }
    } else {
      used += bytes;
    }
    Block block = new Block(place, memory, bytes, mapped);
    blocks.get(place).add(block);
    return block;
  }

  /** Tries the kinds of memory that suit, the preferred ones first. */
  private long memory(Place place, long bytes, int allowed) {
    int result = VK_ERROR_OUT_OF_DEVICE_MEMORY;
    try (MemoryStack stack = MemoryStack.stackPush()) {
      VkPhysicalDeviceMemoryProperties memory = VkPhysicalDeviceMemoryProperties.calloc(stack);
      vkGetPhysicalDeviceMemoryProperties(facts.physical(), memory);
      VkMemoryAllocateFlagsInfo flags =
          VkMemoryAllocateFlagsInfo.calloc(stack)
              .sType$Default()
              .flags(VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT);
      long[] handle = new long[1];
      for (int pass = 0; pass < 2; pass++) {
        int wanted = pass == 0 ? place.required | place.preferred : place.required;
        for (int type = 0; type < memory.memoryTypeCount(); type++) {
          int properties = memory.memoryTypes(type).propertyFlags();
          boolean fits = (allowed & 1 << type) != 0 && (properties & wanted) == wanted;
          boolean again = pass == 1 && (properties & place.preferred) == place.preferred;
          if (!fits || again && place.preferred != 0 || pass == 1 && place.preferred == 0) {
            continue;
          }
          VkMemoryAllocateInfo info =
              VkMemoryAllocateInfo.calloc(stack)
                  .sType$Default()
                  .pNext(flags)
                  .allocationSize(bytes)
                  .memoryTypeIndex(type);
          result = vkAllocateMemory(device, info, null, handle);
          if (result == VK_SUCCESS) {
            return handle[0];
          }
        }
      }
    }
    throw Results.failure(result, "allocating " + bytes + " bytes on " + facts.name());
  }

  void free(Memory memory) {
    vkDestroyBuffer(device, memory.handle(), null);
    release(memory.block(), memory.offset(), memory.bytes());
  }

  private void release(Block block, long at, long bytes) {
    block.give(at, bytes);
    if (block.isEmpty()) {
      blocks.get(block.place).remove(block);
      vkFreeMemory(device, block.memory, null);
      if (!block.place.isHost()) {
        used -= block.bytes;
      }
    }
  }
}
