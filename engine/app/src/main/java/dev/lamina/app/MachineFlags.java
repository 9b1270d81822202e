package dev.lamina.app;

import dev.lamina.LaminaException;
import dev.lamina.backend.DeviceInfo;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.choose.Machine;
import dev.lamina.choose.Sizes;
import dev.lamina.features.Backends;
import dev.lamina.placement.Gpus;
import dev.lamina.placement.PlacementRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** The flags of which machine advice is for: this one, but for what is given. */
final class MachineFlags {
  /** Where only the memory of a card is known. */
  private static final String ASSUMED = "cuda";

  private static final List<String> NO_GPU = List.of("none", "cpu");

  @Spec(Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = "--vram",
      paramLabel = "SIZE",
      split = ",",
      description = "Memory of the GPU, such as 24G; several: 24G,24G; 0: none. [this machine's]")
  private List<String> vram;

  @Option(
      names = "--ram",
      paramLabel = "SIZE",
      description = "Memory of the host. [this machine's]")
  private String ram;

  @Option(
      names = {"-dev", "--device"},
      paramLabel = "NAME",
      split = ",",
      description =
          "Devices, see 'lamina devices', or with --vram a backend: cuda, rocm, vulkan, opencl;"
              + " none: only the CPU. [those of this machine]")
  private List<String> devices = List.of();

  /**
   * What was found.
   *
   * @param notes what the user should know of it
   */
  record Found(Machine machine, List<String> notes) {}

  Found find() {
    List<Long> cards = vram == null ? null : vram.stream().map(this::size).toList();
    boolean none =
        devices.size() == 1 && NO_GPU.contains(devices.getFirst().toLowerCase(Locale.ROOT));
    if (cards != null && cards.stream().allMatch(bytes -> bytes == 0)) {
      none = true;
    }
    List<String> notes = new ArrayList<>();
    String backend = devices.size() == 1 ? backend(devices.getFirst()) : null;
    boolean told = none || (cards != null && backend != null);
    if (told && ram != null) {
      return new Found(new Machine(size(ram), none ? List.of() : cards(backend, cards)), notes);
    }
    VectorModule.load();
    // No driver is started where only the RAM is asked for.
    boolean search = !told;
    try (Backends backends = Backends.discover(DeviceOptions.DEFAULT, name -> search)) {
      long host = ram == null ? backends.cpu().info().memoryTotal() : size(ram);
      List<Machine.Gpu> gpus;
      if (none) {
        gpus = List.of();
      } else if (told) {
        gpus = cards(backend, cards);
      } else {
        List<DeviceInfo> found = found(backends, backend);
        if (cards == null) {
          gpus = found.stream().map(MachineFlags::gpu).toList();
        } else {
          String name = found.isEmpty() ? ASSUMED : found.getLast().backend();
          if (found.isEmpty()) {
            notes.add(
                "the GPU is taken to be a CUDA one; --device vulkan, rocm or opencl says"
                    + " otherwise");
          }
          gpus = cards(name, cards);
        }
      }
      return new Found(new Machine(host, gpus), notes);
    }
  }

  /** The devices of this machine that were asked for. */
  private List<DeviceInfo> found(Backends backends, String backend) {
    if (backend == null) {
      return Gpus.of(
          backends, PlacementRequest.DEFAULT.withDevices(devices.toArray(String[]::new)));
    }
    List<DeviceInfo> of =
        backends.gpus().stream()
            .map(device -> device.info())
            .filter(info -> info.backend().equals(backend))
            .toList();
    if (of.isEmpty()) {
      throw new LaminaException(
          "there is no "
              + backend
              + " device here: give its memory with --vram to have advice for another machine");
    }
    return of;
  }

  private static Machine.Gpu gpu(DeviceInfo info) {
    boolean shared = info.kind() != DeviceInfo.Kind.DISCRETE_GPU;
    return new Machine.Gpu(info.id(), info.backend(), info.memoryTotal(), shared);
  }

  private static List<Machine.Gpu> cards(String backend, List<Long> cards) {
    return cards.stream().map(bytes -> new Machine.Gpu("", backend, bytes, false)).toList();
  }

  /** The name of a backend, or null. */
  private static String backend(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return Backends.KNOWN.contains(lower) && !NO_GPU.contains(lower) ? lower : null;
  }

  private long size(String text) {
    try {
      return Sizes.memory(text);
    } catch (LaminaException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }
}
