package dev.lamina.placement;

import dev.lamina.LaminaException;
import java.util.List;

/**
 * What a user can say of placement. Names and meaning are llama.cpp's.
 *
 * @param gpuLayers how many layers go to GPU devices ({@code -ngl})
 * @param devices ids of the devices to use, in pipeline order ({@code --device}); empty: all that
 *     are no software devices; the one entry {@code none}: no GPU at all
 * @param tensorSplit shares of the layers for each device in device order ({@code --tensor-split});
 *     empty or all zero: by free memory. Counts with a number of layers, with all and with auto
 * @param splitMode whether several devices share the layers ({@code --split-mode})
 * @param mainGpu with {@link SplitMode#NONE} the number of the one device to use, below 0 for none
 *     ({@code --main-gpu}); without effect otherwise
 * @param kvOffload false ({@code --no-kv-offload}): keys and values stay in host memory. A program
 *     keeps the KV of its layers where it runs them, so layers with KV then stay on the CPU, and
 *     only the output (and layers without KV) may go to a GPU
 * @param memoryMargin bytes to leave free on each device; below 0: the default of {@link
 *     #defaultMargin}
 */
public record PlacementRequest(
    GpuLayers gpuLayers,
    List<String> devices,
    List<Double> tensorSplit,
    SplitMode splitMode,
    int mainGpu,
    boolean kvOffload,
    long memoryMargin) {
  /** Whether several devices share the layers. */
  public enum SplitMode {
    /** Each device gets a range of layers. */
    LAYER,
    /** One device, {@link PlacementRequest#mainGpu()}, gets all of them. */
    NONE
  }

  /** The word for no GPU in {@link #devices}. */
  static final String NO_DEVICE = "none";

  /** {@code -ngl auto} and nothing else said. */
  public static final PlacementRequest DEFAULT =
      new PlacementRequest(GpuLayers.AUTO, List.of(), List.of(), SplitMode.LAYER, 0, true, -1);

  public PlacementRequest {
    devices = List.copyOf(devices);
    tensorSplit = List.copyOf(tensorSplit);
    for (double share : tensorSplit) {
      if (!(share >= 0 && share < Double.POSITIVE_INFINITY)) {
        throw new LaminaException(
            "--tensor-split takes shares from 0 on, such as 3,1; not " + share);
      }
    }
  }

  /**
   * What is left free where the user says nothing: 1/128 of a device's memory, at least 256 MiB,
   * for what drivers and displays take behind our back.
   */
  public static long defaultMargin(long memoryTotal) {
    return Math.max(256L << 20, memoryTotal / 128);
  }

  /** Whether any layer may go to a GPU, so that its driver is worth starting. */
  public boolean mayUseGpus() {
    return !gpuLayers.equals(GpuLayers.of(0))
        && !(devices.size() == 1 && devices.getFirst().equalsIgnoreCase(NO_DEVICE));
  }

  public PlacementRequest withGpuLayers(GpuLayers layers) {
    return new PlacementRequest(
        layers, devices, tensorSplit, splitMode, mainGpu, kvOffload, memoryMargin);
  }

  public PlacementRequest withDevices(String... ids) {
    return new PlacementRequest(
        gpuLayers, List.of(ids), tensorSplit, splitMode, mainGpu, kvOffload, memoryMargin);
  }

  public PlacementRequest withTensorSplit(Double... shares) {
    return new PlacementRequest(
        gpuLayers, devices, List.of(shares), splitMode, mainGpu, kvOffload, memoryMargin);
  }

  /** One device for everything. */
  public PlacementRequest withMainGpu(int number) {
    return new PlacementRequest(
        gpuLayers, devices, tensorSplit, SplitMode.NONE, number, kvOffload, memoryMargin);
  }

  public PlacementRequest withKvOffload(boolean offload) {
    return new PlacementRequest(
        gpuLayers, devices, tensorSplit, splitMode, mainGpu, offload, memoryMargin);
  }

  public PlacementRequest withMemoryMargin(long bytes) {
    return new PlacementRequest(
        gpuLayers, devices, tensorSplit, splitMode, mainGpu, kvOffload, bytes);
  }
}
