package dev.lamina.cuda.hip;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.lamina.backend.DeviceException;
import dev.lamina.cuda.driver.GpuCard;
import dev.lamina.cuda.driver.GpuContext;
import dev.lamina.cuda.driver.GpuDriver;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/** AMD's HIP runtime. */
public final class HipDriver implements GpuDriver {
  private static final String NAME = "AMD's HIP runtime";

  /** What the kernel's driver offers wherever there is an AMD card that ROCm could use. */
  private static final Path KERNEL_DRIVER = Path.of("/dev/kfd");

  private static final int NO_DEVICE = 100;

  // Offsets in hipDeviceProp_t as it was up to ROCm 5; later runtimes still fill it so under the
  // function's old name (hip/hip_runtime_api.h, hipDeviceProp_tR0000).
  private static final long PROPERTIES_BYTES = 4096;
  private static final long TOTAL_MEMORY = 256;
  private static final long SHARED_PER_BLOCK = 264;
  private static final long WARP_SIZE = 276;
  private static final long PROCESSORS = 336;
  private static final long PCI_DOMAIN = 364;
  private static final long PCI_BUS = 368;
  private static final long PCI_DEVICE = 372;
  private static final long ARCHITECTURE = 396;
  private static final long INTEGRATED = 652;

  private final HipLibrary hip;
  private final int version;
  private final int cards;

  private HipDriver(HipLibrary hip, int version, int cards) {
    this.hip = hip;
    this.version = version;
    this.cards = cards;
  }

  /**
   * Finds and initialises the runtime.
   *
   * @throws DeviceException with the reason where there is none, or it has no card
   */
  public static HipDriver load() {
    boolean other = System.getProperty(HipLibrary.PROPERTY) != null;
    // The runtime takes long to load, and is of no use without the kernel's driver.
    if (!other && !Files.exists(KERNEL_DRIVER)) {
      throw none(
          "there is no " + KERNEL_DRIVER + ": for an AMD card, install the amdgpu driver and ROCm");
    }
    HipLibrary hip =
        HipLibrary.runtime()
            .orElseThrow(
                () -> none(HipLibrary.RUNTIME.getFirst() + " or older not found: install ROCm"));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment number = arena.allocate(JAVA_INT);
      int status = hip.call("hipInit", 0);
      if (status != NO_DEVICE) {
        check(hip, "hipInit", status);
        status = hip.call("hipGetDeviceCount", number);
      }
      if (status == NO_DEVICE || status == 0 && number.get(JAVA_INT, 0) == 0) {
        throw none("AMD's HIP runtime is there and finds no card");
      }
      check(hip, "hipGetDeviceCount", status);
      int cards = number.get(JAVA_INT, 0);
      hip.check(NAME, "hipRuntimeGetVersion", number);
      return new HipDriver(hip, number.get(JAVA_INT, 0), cards);
    }
  }

  private static void check(HipLibrary hip, String call, int status) {
    if (status != 0) {
      throw none(
          "AMD's HIP runtime: %s failed with error %d (%s)"
              .formatted(call, status, hip.word(status)));
    }
  }

  private static DeviceException none(String reason) {
    return new DeviceException(DeviceException.Kind.UNSUPPORTED, reason);
  }

  @Override
  public String version() {
    return "HIP " + version / 10_000_000 + "." + version / 100_000 % 100;
  }

  @Override
  public int cards() {
    return cards;
  }

  @Override
  public GpuCard card(int ordinal) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment p = arena.allocate(PROPERTIES_BYTES, 16);
      String call =
          hip.has("hipGetDevicePropertiesR0000")
              ? "hipGetDevicePropertiesR0000"
              : "hipGetDeviceProperties";
      hip.check(NAME, call, p, ordinal);
      String architecture = p.getString(ARCHITECTURE).split(":", 2)[0];
      int wave = p.get(JAVA_INT, WARP_SIZE);
      if (!architecture.startsWith("gfx") || wave != 32 && wave != 64) {
        throw none("the answer of this HIP runtime to " + call + " is not understood");
      }
      return new GpuCard(
          ordinal,
          p.getString(0),
          architecture,
          0,
          wave,
          p.get(JAVA_INT, PROCESSORS),
          (int) Math.min(Integer.MAX_VALUE, p.get(JAVA_LONG, SHARED_PER_BLOCK)),
          p.get(JAVA_LONG, TOTAL_MEMORY),
          p.get(JAVA_INT, INTEGRATED) != 0,
          "%04x:%02x:%02x.0"
              .formatted(
                  p.get(JAVA_INT, PCI_DOMAIN),
                  p.get(JAVA_INT, PCI_BUS),
                  p.get(JAVA_INT, PCI_DEVICE)));
    }
  }

  @Override
  public GpuContext open(int ordinal) {
    return new HipContext(hip, ordinal, card(ordinal).name());
  }
}
