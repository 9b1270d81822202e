package dev.lamina.choose;

import java.util.List;

/**
 * What a model is to run on.
 *
 * @param ram bytes of memory of the host, or of the container
 * @param gpus the cards that would be used together
 */
public record Machine(long ram, List<Gpu> gpus) {
  /**
   * A GPU.
   *
   * @param id its name
   * @param backend the backend by which it is reached: {@code cuda}, {@code rocm}, ...
   * @param memory bytes
   * @param shared whether these bytes are part of the host's
   */
  public record Gpu(String id, String backend, long memory, boolean shared) {}

  public Machine {
    gpus = List.copyOf(gpus);
  }

  /** Bytes of all GPUs. */
  public long vram() {
    return gpus.stream().mapToLong(Gpu::memory).sum();
  }

  /** Bytes of host and GPUs together; what they share counts once. */
  public long total() {
    return ram + gpus.stream().filter(gpu -> !gpu.shared()).mapToLong(Gpu::memory).sum();
  }
}
