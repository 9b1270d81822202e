package dev.lamina.vulkan;

import dev.lamina.backend.TensorSpec;
import dev.lamina.gguf.Dequantizer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Brings weights to the device; a kernel there takes them apart into their planes. */
final class WeightLoader {
  private static final Pipelines.Kernel UNPACK =
      Pipelines.Kernel.of("unpack", Dispatches.WORKGROUP);

  private final CommandQueue queue;
  private final Staging staging;
  private final Pipelines pipelines;
  private final Counters counters;

  WeightLoader(CommandQueue queue, Staging staging, Pipelines pipelines, Counters counters) {
    this.queue = queue;
    this.staging = staging;
    this.pipelines = pipelines;
    this.counters = counters;
  }

  /** The float32 values of a vector. */
  static float[] vector(TensorSpec spec, MemorySegment data) {
    float[] values = new float[spec.cols()];
    Dequantizer.decode(spec.type(), data, 0, values, 0, values.length);
    return values;
  }

  /** Enqueues the upload of a vector. */
  void vector(float[] values, Memory target) {
    MemorySegment bytes = MemorySegment.ofArray(new byte[4 * values.length]);
    MemorySegment.copy(values, 0, bytes, ValueLayout.JAVA_FLOAT_UNALIGNED, 0, values.length);
    staging.write(bytes, target, 0);
  }

  /** Enqueues the upload of a matrix. */
  void matrix(WeightLayout layout, MemorySegment data, Memory target) {
    if (layout.isPlain()) {
      staging.write(data, target, 0);
      return;
    }
    // Whole words of the scale plane.
    long most = Math.max(4, Staging.PART / layout.blockBytes() / 4 * 4);
    for (long first = 0; first < layout.blocks(); first += most) {
      long blocks = Math.min(most, layout.blocks() - first);
      Staging.Slice source =
          staging.put(data.asSlice(first * layout.blockBytes(), blocks * layout.blockBytes()));
      Arguments arguments =
          new Arguments()
              .address(
                  source.address(),
                  target.address() + first * 4 * layout.mainWords(),
                  target.address()
                      + (layout.scaleBytes() == 0
                          ? 0
                          : layout.scalePlaneAt() + first * layout.scaleBytes()))
              .number(
                  (int) blocks,
                  layout.blockBytes(),
                  layout.mainAt(),
                  layout.mainBytes(),
                  layout.mainWords(),
                  layout.scaleAt(),
                  layout.scaleBytes());
      new Dispatches(pipelines, queue.once())
          .stride(UNPACK, arguments, blocks * layout.mainWords());
      counters.dispatches++;
    }
  }
}
