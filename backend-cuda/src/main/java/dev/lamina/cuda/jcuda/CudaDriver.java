package dev.lamina.cuda.jcuda;

import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_INTEGRATED;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_PCI_BUS_ID;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_WARP_SIZE;

import dev.lamina.backend.DeviceException;
import dev.lamina.cuda.driver.DriverFailure;
import dev.lamina.cuda.driver.GpuCard;
import dev.lamina.cuda.driver.GpuContext;
import dev.lamina.cuda.driver.GpuDriver;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.charset.StandardCharsets;
import jcuda.driver.CUdevice;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/** NVIDIA's driver. */
public final class CudaDriver implements GpuDriver {
  /** The CUDA version whose drivers take our PTX, as {@code cuDriverGetVersion} writes it. */
  static final int OLDEST = 12000;

  private static final String LIBRARY = "libcuda.so.1";
  private static final int NAME_BYTES = 256;
  private static final int NO_DEVICE = 100;
  private static final int MISMATCH = 803;

  private final int version;
  private final int cards;

  private CudaDriver(int version, int cards) {
    this.version = version;
    this.cards = cards;
  }

  /**
   * Finds and initialises the driver.
   *
   * @throws DeviceException with the reason where there is none, it has no card, or it is too old
   */
  @SuppressWarnings("restricted")
  public static CudaDriver load() {
    // Asked first, as this takes no time where there is no driver, and JCuda's loading does.
    try (Arena arena = Arena.ofConfined()) {
      SymbolLookup.libraryLookup(LIBRARY, arena);
    } catch (IllegalArgumentException e) {
      throw none(LIBRARY + " not found: for an NVIDIA card, install NVIDIA's driver");
    }
    JCudaDriver.setExceptionsEnabled(false);
    int status = JCudaDriver.cuInit(0);
    if (status == NO_DEVICE) {
      throw none("NVIDIA's driver is there and finds no card");
    }
    if (status == MISMATCH) {
      throw none(
          "the version of " + LIBRARY + " is not that of the kernel's NVIDIA module: restart");
    }
    check(status, "cuInit");
    int[] version = {0};
    check(JCudaDriver.cuDriverGetVersion(version), "cuDriverGetVersion");
    if (version[0] < OLDEST) {
      throw none(
          "NVIDIA's driver knows CUDA %s, and %s is needed: update the driver to 525 or later"
              .formatted(text(version[0]), text(OLDEST)));
    }
    int[] count = {0};
    check(JCudaDriver.cuDeviceGetCount(count), "cuDeviceGetCount");
    if (count[0] == 0) {
      throw none("NVIDIA's driver is there and shows no card (CUDA_VISIBLE_DEVICES may hide it)");
    }
    return new CudaDriver(version[0], count[0]);
  }

  private static DeviceException none(String reason) {
    return new DeviceException(DeviceException.Kind.UNSUPPORTED, reason);
  }

  private static String text(int version) {
    return version / 1000 + "." + version % 1000 / 10;
  }

  private static void check(int status, String call) {
    if (status != CUresult.CUDA_SUCCESS) {
      throw DriverFailure.of("NVIDIA's driver", call, status, CUresult.stringFor(status));
    }
  }

  @Override
  public String version() {
    return "CUDA " + text(version);
  }

  @Override
  public int cards() {
    return cards;
  }

  @Override
  public GpuCard card(int ordinal) {
    CUdevice device = device(ordinal);
    byte[] name = new byte[NAME_BYTES];
    check(JCudaDriver.cuDeviceGetName(name, NAME_BYTES, device), "cuDeviceGetName");
    long[] memory = {0};
    check(JCudaDriver.cuDeviceTotalMem(memory, device), "cuDeviceTotalMem");
    int capability =
        10 * attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
            + attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
    String bus =
        "%04x:%02x:%02x.0"
            .formatted(
                attribute(device, CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID),
                attribute(device, CU_DEVICE_ATTRIBUTE_PCI_BUS_ID),
                attribute(device, CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID));
    return new GpuCard(
        ordinal,
        new String(name, StandardCharsets.UTF_8).trim(),
        "sm_" + capability,
        capability,
        attribute(device, CU_DEVICE_ATTRIBUTE_WARP_SIZE),
        attribute(device, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT),
        attribute(device, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK),
        memory[0],
        attribute(device, CU_DEVICE_ATTRIBUTE_INTEGRATED) != 0,
        bus);
  }

  @Override
  public GpuContext open(int ordinal) {
    return new CudaContext(device(ordinal), card(ordinal).name());
  }

  private CUdevice device(int ordinal) {
    CUdevice device = new CUdevice();
    check(JCudaDriver.cuDeviceGet(device, ordinal), "cuDeviceGet");
    return device;
  }

  private static int attribute(CUdevice device, int attribute) {
    int[] value = {0};
    check(JCudaDriver.cuDeviceGetAttribute(value, attribute, device), "cuDeviceGetAttribute");
    return value[0];
  }
}
