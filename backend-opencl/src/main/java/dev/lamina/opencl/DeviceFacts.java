package dev.lamina.opencl;

import static org.jocl.CL.CL_DEVICE_ADDRESS_BITS;
import static org.jocl.CL.CL_DEVICE_AVAILABLE;
import static org.jocl.CL.CL_DEVICE_COMPILER_AVAILABLE;
import static org.jocl.CL.CL_DEVICE_ENDIAN_LITTLE;
import static org.jocl.CL.CL_DEVICE_EXTENSIONS;
import static org.jocl.CL.CL_DEVICE_GLOBAL_MEM_SIZE;
import static org.jocl.CL.CL_DEVICE_LOCAL_MEM_SIZE;
import static org.jocl.CL.CL_DEVICE_MAX_COMPUTE_UNITS;
import static org.jocl.CL.CL_DEVICE_MAX_MEM_ALLOC_SIZE;
import static org.jocl.CL.CL_DEVICE_MAX_WORK_GROUP_SIZE;
import static org.jocl.CL.CL_DEVICE_NAME;
import static org.jocl.CL.CL_DEVICE_TYPE;
import static org.jocl.CL.CL_DEVICE_TYPE_CPU;
import static org.jocl.CL.CL_DEVICE_TYPE_GPU;
import static org.jocl.CL.CL_DEVICE_VENDOR;
import static org.jocl.CL.CL_DEVICE_VERSION;
import static org.jocl.CL.CL_DRIVER_VERSION;
import static org.jocl.CL.CL_PLATFORM_NAME;
import static org.jocl.CL.CL_SUCCESS;
import static org.jocl.CL.clGetDeviceInfo;
import static org.jocl.CL.clGetPlatformInfo;

import dev.lamina.backend.DeviceInfo;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_device_id;
import org.jocl.cl_platform_id;

/** What a driver says of a device, asked once. */
record DeviceFacts(
    String name,
    String vendor,
    String platform,
    String version,
    String driver,
    Set<String> extensions,
    DeviceInfo.Kind kind,
    boolean isProcessor,
    long memory,
    long mostAllocation,
    long localBytes,
    long mostItems,
    int units,
    int lanes,
    Paths.Integers integers,
    String hardware,
    String unusable) {
  /** Deprecated since OpenCL 2.0, and told by all drivers. */
  private static final int HOST_UNIFIED_MEMORY = 0x1035;

  private static final int PCI_BUS_INFO_KHR = 0x410F;
  private static final int PCI_BUS_ID_NV = 0x4008;
  private static final int PCI_SLOT_ID_NV = 0x4009;
  private static final int PCI_DOMAIN_ID_NV = 0x400A;
  private static final int TOPOLOGY_AMD = 0x4037;
  private static final int FREE_MEMORY_AMD = 0x4039;
  private static final int WAVEFRONT_WIDTH_AMD = 0x4043;
  private static final int WARP_SIZE_NV = 0x4003;
  private static final int TOPOLOGY_PCIE = 1;
  private static final int DOT_4X8BIT_PACKED_KHR = 0x1075;

  /** The largest work-group of the kernels. */
  private static final int ITEMS = 256;

  /** The local memory that the kernels need at least. */
  private static final int LOCAL_BYTES = 16384;

  static DeviceFacts of(cl_platform_id platform, cl_device_id device) {
    String name = text(device, CL_DEVICE_NAME);
    String platformName = text(platform);
    String version = text(device, CL_DEVICE_VERSION);
    Set<String> extensions = Set.of(text(device, CL_DEVICE_EXTENSIONS).strip().split("\\s+"));
    long type = number(device, CL_DEVICE_TYPE);
    boolean processor =
        (type & CL_DEVICE_TYPE_CPU) != 0 || name.toLowerCase(Locale.ROOT).contains("oclgrind");
    long items = number(device, CL_DEVICE_MAX_WORK_GROUP_SIZE);
    long local = number(device, CL_DEVICE_LOCAL_MEM_SIZE);
    return new DeviceFacts(
        name,
        text(device, CL_DEVICE_VENDOR),
        platformName,
        version,
        text(device, CL_DRIVER_VERSION),
        extensions,
        kind(device, processor),
        processor,
        number(device, CL_DEVICE_GLOBAL_MEM_SIZE),
        number(device, CL_DEVICE_MAX_MEM_ALLOC_SIZE),
        local,
        items,
        (int) number(device, CL_DEVICE_MAX_COMPUTE_UNITS),
        lanes(device, extensions),
        integers(device, extensions),
        hardware(device, extensions),
        unusable(device, type, processor, version, items, local));
  }

  /** With a lower limit on single buffers. */
  DeviceFacts withMostAllocation(long bytes) {
    return new DeviceFacts(
        name,
        vendor,
        platform,
        version,
        driver,
        extensions,
        kind,
        isProcessor,
        memory,
        Math.min(bytes, mostAllocation),
        localBytes,
        mostItems,
        units,
        lanes,
        integers,
        hardware,
        unusable);
  }

  /** Items that run in step, where the driver tells; else 0. */
  private static int lanes(cl_device_id device, Set<String> extensions) {
    if (extensions.contains("cl_nv_device_attribute_query")) {
      return (int) number(device, WARP_SIZE_NV);
    }
    return extensions.contains("cl_amd_device_attribute_query")
        ? (int) number(device, WAVEFRONT_WIDTH_AMD)
        : 0;
  }

  /** What it accelerates of dot products of signed bytes that come four in a word. */
  private static Paths.Integers integers(cl_device_id device, Set<String> extensions) {
    ByteBuffer accelerated =
        extensions.contains("cl_khr_integer_dot_product")
            ? bytes(device, DOT_4X8BIT_PACKED_KHR, 6 * Integer.BYTES)
            : null;
    if (accelerated == null) {
      return Paths.Integers.OFF;
    }
    // Of the six answers the first is for signed bytes, the fourth for adding to a sum as well.
    if (accelerated.getInt(3 * Integer.BYTES) != 0) {
      return Paths.Integers.ADDED;
    }
    return accelerated.getInt(0) != 0 ? Paths.Integers.DOT : Paths.Integers.OFF;
  }

  private static DeviceInfo.Kind kind(cl_device_id device, boolean processor) {
    if (processor) {
      return DeviceInfo.Kind.SOFTWARE_GPU;
    }
    return number(device, HOST_UNIFIED_MEMORY) != 0
        ? DeviceInfo.Kind.INTEGRATED_GPU
        : DeviceInfo.Kind.DISCRETE_GPU;
  }

  /** Why the kernels cannot run on it, or null. */
  private static String unusable(
      cl_device_id device, long type, boolean processor, String version, long items, long local) {
    if (number(device, CL_DEVICE_AVAILABLE) == 0) {
      return "its driver says that it is not available";
    }
    if (number(device, CL_DEVICE_COMPILER_AVAILABLE) == 0) {
      return "its driver has no compiler";
    }
    if (!processor && (type & CL_DEVICE_TYPE_GPU) == 0) {
      return "it is neither a GPU nor a processor";
    }
    if (number(device, CL_DEVICE_ENDIAN_LITTLE) == 0) {
      return "it is big-endian";
    }
    if (number(device, CL_DEVICE_ADDRESS_BITS) < 64 && processor) {
      return "it has 32-bit addresses";
    }
    if (!version.matches("OpenCL (1\\.[2-9]|[2-9]\\.\\d).*")) {
      return "it has " + version + ", and OpenCL 1.2 is needed";
    }
    if (items < ITEMS) {
      return "its work-groups hold " + items + " items, and " + ITEMS + " are needed";
    }
    if (local < LOCAL_BYTES) {
      return "its local memory has " + local + " bytes, and " + LOCAL_BYTES + " are needed";
    }
    return null;
  }

  /** The PCI address as {@code 0000:01:00.0}, by whatever means the driver has; else empty. */
  private static String hardware(cl_device_id device, Set<String> extensions) {
    if (extensions.contains("cl_khr_pci_bus_info")) {
      ByteBuffer info = bytes(device, PCI_BUS_INFO_KHR, 16);
      if (info != null) {
        return address(info.getInt(0), info.getInt(4), info.getInt(8), info.getInt(12));
      }
    }
    if (extensions.contains("cl_nv_device_attribute_query")) {
      ByteBuffer bus = bytes(device, PCI_BUS_ID_NV, 4);
      ByteBuffer slot = bytes(device, PCI_SLOT_ID_NV, 4);
      ByteBuffer domain = bytes(device, PCI_DOMAIN_ID_NV, 4);
      if (bus != null && slot != null) {
        int place = slot.getInt(0);
        return address(domain == null ? 0 : domain.getInt(0), bus.getInt(0), place >> 3, place & 7);
      }
    }
    if (extensions.contains("cl_amd_device_attribute_query")) {
      ByteBuffer topology = bytes(device, TOPOLOGY_AMD, 24);
      if (topology != null && topology.getInt(0) == TOPOLOGY_PCIE) {
        return address(
            0, topology.get(21) & 0xff, topology.get(22) & 0xff, topology.get(23) & 0xff);
      }
    }
    return "";
  }

  private static String address(int domain, int bus, int device, int function) {
    return "%04x:%02x:%02x.%x".formatted(domain, bus, device, function);
  }

  /** Free memory as the driver tells it, or -1: OpenCL itself does not know. */
  static long freeMemory(cl_device_id device, Set<String> extensions) {
    if (extensions.contains("cl_amd_device_attribute_query")) {
      ByteBuffer free = bytes(device, FREE_MEMORY_AMD, 2 * Sizeof.size_t);
      if (free != null) {
        return free.getLong(0) << 10;
      }
    }
    return -1;
  }

  private static ByteBuffer bytes(cl_device_id device, int what, int size) {
    ByteBuffer info = ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder());
    int status = clGetDeviceInfo(device, what, size, Pointer.to(info), null);
    return status == CL_SUCCESS ? info : null;
  }

  /** A number of any width; 0 where the driver does not know it. */
  private static long number(cl_device_id device, int what) {
    ByteBuffer info = bytes(device, what, Long.BYTES);
    return info == null ? 0 : info.getLong(0);
  }

  private static String text(cl_device_id device, int what) {
    long[] size = new long[1];
    if (clGetDeviceInfo(device, what, 0, null, size) != CL_SUCCESS || size[0] <= 0) {
      return "";
    }
    byte[] bytes = new byte[(int) size[0]];
    clGetDeviceInfo(device, what, bytes.length, Pointer.to(bytes), null);
    return trimmed(bytes);
  }

  private static String text(cl_platform_id platform) {
    long[] size = new long[1];
    if (clGetPlatformInfo(platform, CL_PLATFORM_NAME, 0, null, size) != CL_SUCCESS) {
      return "";
    }
    byte[] bytes = new byte[(int) size[0]];
    clGetPlatformInfo(platform, CL_PLATFORM_NAME, bytes.length, Pointer.to(bytes), null);
    return trimmed(bytes);
  }

  private static String trimmed(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8).replace("\0", "").strip();
  }
}
