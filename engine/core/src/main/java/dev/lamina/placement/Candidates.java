package dev.lamina.placement;

import dev.lamina.LaminaException;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceInfo;
import dev.lamina.backend.DeviceInfo.Kind;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The devices that a placement may use, in pipeline order: the last one holds the output.
 *
 * @param devices the devices
 * @param shares the part of the layers that each should get; null: as many as fit, the last device
 *     first
 * @param notes what the user should know of the choice
 * @param none why {@code devices} is empty, if it is
 */
record Candidates(List<Device> devices, List<Float> shares, List<String> notes, Reason none) {
  /** Which backend reaches a card best, where several see the same one. */
  private static final List<String> PREFERENCE = List.of("cuda", "rocm", "vulkan", "opencl");

  static Candidates choose(
      List<Device> all, Device cpu, PlacementRequest request, Map<String, String> failed) {
    List<String> notes = new ArrayList<>();
    failed.forEach((id, reason) -> notes.add(id + " is left out: " + reason));
    List<Device> gpus = all.stream().filter(d -> d.info().kind() != Kind.CPU).toList();
    boolean auto = request.gpuLayers() instanceof GpuLayers.Auto;
    List<Device> wanted =
        request.devices().isEmpty()
            ? unnamed(gpus, auto, notes)
            : named(all, cpu, request, failed.keySet());
    if (request.splitMode() == PlacementRequest.SplitMode.NONE) {
      wanted = main(wanted, request.mainGpu());
    } else if (request.mainGpu() != 0) {
      notes.add("--main-gpu counts only with --split-mode none, and was ignored");
    }
    Map<Device, Float> split = tensorSplit(wanted, request, notes);
    List<Device> usable =
        new ArrayList<>(
            wanted.stream()
                .filter(d -> !failed.containsKey(d.info().id()))
                .filter(d -> split.isEmpty() || split.get(d) > 0)
                .toList());
    if (auto && split.isEmpty()) {
      // The best device is filled first, and filling begins at the pipeline's end.
      usable.sort(Comparator.comparing(Device::info, best()).reversed());
      return new Candidates(usable, null, notes, none(gpus, request, failed));
    }
    List<Float> shares = new ArrayList<>();
    for (Device device : usable) {
      shares.add(
          split.isEmpty() ? (float) device.info().memoryFree() : split.getOrDefault(device, 0f));
    }
    return new Candidates(usable, shares, notes, none(gpus, request, failed));
  }

  private static Comparator<DeviceInfo> best() {
    return Comparator.comparing((DeviceInfo info) -> info.kind().ordinal())
        .thenComparing(Comparator.comparingLong(DeviceInfo::memoryFree).reversed());
  }

  private static Reason none(
      List<Device> gpus, PlacementRequest request, Map<String, String> failed) {
    if (!failed.isEmpty()) {
      return new Reason(
          Reason.Kind.DEVICE_FAILED,
          failed.entrySet().stream()
              .map(e -> e.getKey() + " failed: " + e.getValue())
              .collect(Collectors.joining("; ")));
    }
    if (!request.devices().isEmpty()) {
      return new Reason(Reason.Kind.NO_DEVICE, "no GPU device was named");
    }
    if (gpus.isEmpty()) {
      return new Reason(Reason.Kind.NO_DEVICE, "no GPU device here");
    }
    return new Reason(
        Reason.Kind.NO_DEVICE,
        "no GPU device here but " + ids(gpus) + ", which is used only where --device names it");
  }

  /**
   * The devices for a user who names none: no software device, each card once. Integrated GPUs
   * count beside cards only for auto, as in llama.cpp.
   */
  private static List<Device> unnamed(List<Device> gpus, boolean auto, List<String> notes) {
    List<Device> hardware =
        gpus.stream().filter(d -> d.info().kind() != Kind.SOFTWARE_GPU).toList();
    List<Device> once = new ArrayList<>();
    for (Device device : hardware) {
      Device twin = twin(device, hardware);
      if (twin == null) {
        once.add(device);
      } else {
        notes.add(
            device.info().id()
                + " is the card that "
                + twin.info().id()
                + " reaches better; name it with --device to use it");
      }
    }
    boolean cards = once.stream().anyMatch(d -> d.info().kind() == Kind.DISCRETE_GPU);
    return auto || !cards
        ? once
        : once.stream().filter(d -> d.info().kind() == Kind.DISCRETE_GPU).toList();
  }

  /** A device of a preferred backend that is the same hardware, or null. */
  private static Device twin(Device device, List<Device> others) {
    DeviceInfo info = device.info();
    for (Device other : others) {
      DeviceInfo seen = other.info();
      if (rank(seen.backend()) < rank(info.backend()) && sameHardware(seen, info)) {
        return other;
      }
    }
    return null;
  }

  /** By the bus address where both know it, else by name: backends decorate it differently. */
  private static boolean sameHardware(DeviceInfo a, DeviceInfo b) {
    if (!a.hardware().isEmpty() && !b.hardware().isEmpty()) {
      return a.hardware().equalsIgnoreCase(b.hardware());
    }
    String one = a.description().toLowerCase(Locale.ROOT);
    String other = b.description().toLowerCase(Locale.ROOT);
    return one.contains(other) || other.contains(one);
  }

  private static int rank(String backend) {
    int rank = PREFERENCE.indexOf(backend.toLowerCase(Locale.ROOT));
    return rank < 0 ? PREFERENCE.size() : rank;
  }

  private static List<Device> named(
      List<Device> all, Device cpu, PlacementRequest request, Set<String> failed) {
    if (!request.mayUseGpus()) {
      return List.of();
    }
    Map<String, Device> known = new LinkedHashMap<>();
    known.put(cpu.info().id().toLowerCase(Locale.ROOT), cpu);
    all.forEach(d -> known.putIfAbsent(d.info().id().toLowerCase(Locale.ROOT), d));
    Set<Device> wanted = new LinkedHashSet<>();
    for (String name : request.devices()) {
      Device device = known.get(name.toLowerCase(Locale.ROOT));
      if (device != null) {
        if (device.info().kind() != Kind.CPU) {
          wanted.add(device);
        }
      } else if (failed.stream().noneMatch(name::equalsIgnoreCase)) {
        throw new LaminaException(
            "no device is named '"
                + name
                + "' here; --device takes none or one or more of "
                + ids(known.values()));
      }
    }
    return List.copyOf(wanted);
  }

  private static List<Device> main(List<Device> wanted, int number) {
    if (number < 0 || wanted.isEmpty()) {
      return List.of();
    }
    if (number >= wanted.size()) {
      throw new LaminaException(
          "--main-gpu "
              + number
              + ": there are "
              + wanted.size()
              + " devices, numbered from 0: "
              + ids(wanted));
    }
    return List.of(wanted.get(number));
  }

  private static Map<Device, Float> tensorSplit(
      List<Device> wanted, PlacementRequest request, List<String> notes) {
    Map<Device, Float> shares = new LinkedHashMap<>();
    List<Double> split = request.tensorSplit();
    if (split.stream().allMatch(share -> share == 0)) {
      return shares;
    }
    for (int i = 0; i < wanted.size(); i++) {
      shares.put(wanted.get(i), i < split.size() ? split.get(i).floatValue() : 0f);
    }
    if (split.size() > wanted.size()) {
      notes.add(
          "--tensor-split names "
              + split.size()
              + " shares for "
              + wanted.size()
              + (wanted.size() == 1 ? " device" : " devices")
              + ": those left over were ignored");
    }
    return shares;
  }

  private static String ids(Iterable<Device> devices) {
    List<String> ids = new ArrayList<>();
    devices.forEach(d -> ids.add(d.info().id()));
    return String.join(", ", ids);
  }
}
