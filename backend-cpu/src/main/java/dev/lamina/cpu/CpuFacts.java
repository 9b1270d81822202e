package dev.lamina.cpu;

import dev.lamina.backend.DeviceInfo;
import dev.lamina.cpu.code.Architecture;
import dev.lamina.cpu.code.ArmFeatures;
import dev.lamina.cpu.simd.Simd;
import dev.lamina.features.VerifiedHardware;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What is known of this machine's processor.
 *
 * @param name its name
 * @param features the instruction sets that matter here
 * @param cores physical cores that this process may use
 */
record CpuFacts(String name, List<String> features, int cores) {
  private static final List<String> WANTED =
      List.of("avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512_vnni");

  private static final String ALLOWED = "Cpus_allowed_list:";

  CpuFacts {
    features = List.copyOf(features);
  }

  /** Reads what Linux tells; elsewhere only what Java does. */
  static CpuFacts read() {
    String name = System.getProperty("os.arch") + " processor";
    List<String> features = new ArrayList<>();
    try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      for (String line : (Iterable<String>) lines::iterator) {
        int colon = line.indexOf(':');
        if (colon < 0) {
          continue;
        }
        String key = line.substring(0, colon).strip();
        String value = line.substring(colon + 1).strip();
        if (key.equals("model name")) {
          name = value;
        } else if (key.equals("flags") && Architecture.here() == Architecture.X86_64) {
          Set<String> all = Set.of(value.split(" +"));
          WANTED.stream().filter(all::contains).forEach(features::add);
          break;
        }
      }
    } catch (IOException | RuntimeException e) {
      features.clear(); // not Linux, or nothing that can be read: the name has to do
    }
    ArmFeatures arm = ArmFeatures.read();
    if (arm != null) {
      features.addAll(arm.names());
    }
    return new CpuFacts(name, features, physicalCores());
  }

  private static int physicalCores() {
    int available = Runtime.getRuntime().availableProcessors();
    try (Stream<String> status = Files.lines(Path.of("/proc/self/status"))) {
      BitSet allowed =
          status
              .filter(line -> line.startsWith(ALLOWED))
              .map(line -> processors(line.substring(ALLOWED.length())))
              .findFirst()
              .orElseGet(BitSet::new);
      return physicalCores(Path.of("/sys/devices/system/cpu"), allowed, available);
    } catch (IOException | RuntimeException e) {
      return available; // not Linux
    }
  }

  /**
   * The cores behind the processors that this process may run on, of which two or more can share
   * one.
   *
   * @param folder has a folder for each processor, with its topology
   * @param allowed numbers of the processors
   * @param available what Java counts: with the limits of a container, it can be less
   */
  static int physicalCores(Path folder, BitSet allowed, int available) throws IOException {
    Set<String> cores = new HashSet<>();
    for (int cpu : allowed.stream().toArray()) {
      Path siblings = folder.resolve("cpu" + cpu).resolve("topology/thread_siblings_list");
      if (!Files.exists(siblings)) {
        return available;
      }
      cores.add(Files.readString(siblings).strip());
    }
    return cores.isEmpty() ? available : Math.min(available, cores.size());
  }

  /** The processors of a list as Linux writes it: {@code 0-3,8}. */
  static BitSet processors(String list) {
    BitSet processors = new BitSet();
    for (String range : list.strip().split(",")) {
      String[] ends = range.split("-");
      processors.set(Integer.parseInt(ends[0]), Integer.parseInt(ends[ends.length - 1]) + 1);
    }
    return processors;
  }

  DeviceInfo info(int threads, String math) {
    long total = 0;
    long free = 0;
    if (ManagementFactory.getOperatingSystemMXBean()
        instanceof com.sun.management.OperatingSystemMXBean system) {
      total = system.getTotalMemorySize();
      free = system.getFreeMemorySize();
    }
    List<String> notes = new ArrayList<>();
    notes.add(
        "%d threads, vectors of %d bits%s"
            .formatted(
                threads,
                Simd.LANES * Float.SIZE,
                features.isEmpty() ? "" : " (" + String.join(", ", features) + ")"));
    notes.add(math);
    String architecture = System.getProperty("os.arch");
    if (VerifiedHardware.of("cpu", architecture).isEmpty()) {
      notes.add(
          "never run on hardware of this kind (%s)%s"
              .formatted(
                  architecture,
                  VerifiedHardware.emulator("cpu", architecture)
                      .map(by -> ", but under " + by)
                      .orElse("")));
    }
    return new DeviceInfo(
        "CPU",
        "cpu",
        name,
        DeviceInfo.Kind.CPU,
        total,
        free,
        "Java " + Runtime.version() + ", Vector API",
        notes);
  }
}
