package dev.lamina.vulkan;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.Buffer;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceException;
import dev.lamina.backend.Graph;
import dev.lamina.backend.GraphBuilder;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.Output;
import dev.lamina.backend.Program;
import dev.lamina.backend.Step;
import dev.lamina.backend.Support;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Value;
import dev.lamina.backend.Weight;
import dev.lamina.gguf.Dequantizer;
import dev.lamina.gguf.GgmlType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Large weights, and memory that does not suffice. */
@ExtendWith(TestDevices.Validation.class)
class VulkanMemoryTest {
  private static final Limits LIMITS = new Limits(16, 16, 1, 16, List.of());

  /** Larger than the 128 MiB that Vulkan promises, and lavapipe gives, to a storage buffer. */
  @Test
  void weightsBeyondTheRangeOfStorageBuffers() {
    TensorSpec spec = TensorSpec.matrix("large", GgmlType.Q8_0, 4096, 33000);
    assertTrue(spec.bytes() > 128 << 20);
    try (Arena arena = Arena.ofConfined();
        Device device = TestDevices.open(TestDevices.options())) {
      MemorySegment data = arena.allocate(spec.bytes(), 64);
      fill(data);
      GraphBuilder builder = new GraphBuilder();
      Value in = builder.input(spec.cols());
      Graph graph = builder.build(Output.HIDDEN, builder.matMul(spec, in));
      float[] x = new float[10 * spec.cols()];
      SplittableRandom random = new SplittableRandom(1);
      for (int i = 0; i < x.length; i++) {
        x[i] = random.nextFloat() - 0.5f;
      }
      try (Weight weight = device.load(spec, data);
          Program program = device.compile(graph, Map.of(spec, weight), LIMITS)) {
        for (int tokens : new int[] {1, 10}) {
          program
              .input()
              .write(0, MemorySegment.ofArray(java.util.Arrays.copyOf(x, tokens * 4096)));
          program.submit(step(tokens));
          MemorySegment out = arena.allocate(4L * tokens * spec.rows(), 64);
          program.output(Output.HIDDEN).read(0, out);
          for (int row : new int[] {0, 1, 15000, 30839, 30840, 31000, 32999}) {
            float[] w = new float[spec.cols()];
            Dequantizer.decode(
                spec.type(), data, row * spec.type().rowBytes(w.length), w, 0, w.length);
            double sum = 0;
            double size = 0;
            for (int i = 0; i < w.length; i++) {
              sum += (double) w[i] * x[(tokens - 1) * w.length + i];
              size += Math.abs(w[i] * x[(tokens - 1) * w.length + i]);
            }
            float found = out.getAtIndex(JAVA_FLOAT, (long) (tokens - 1) * spec.rows() + row);
            assertEquals(sum, found, 1e-5 * size, "row " + row + " of " + tokens + " tokens");
          }
        }
      }
    }
  }

  private static void fill(MemorySegment data) {
    SplittableRandom random = new SplittableRandom(2);
    byte[] block = new byte[34 * 977];
    random.nextBytes(block);
    for (int i = 0; i < block.length; i += 34) {
      short scale = Float.floatToFloat16(0.01f + random.nextFloat());
      block[i] = (byte) scale;
      block[i + 1] = (byte) (scale >> 8);
    }
    for (long at = 0; at < data.byteSize(); at += block.length) {
      int n = (int) Math.min(block.length, data.byteSize() - at);
      MemorySegment.copy(block, 0, data, ValueLayout.JAVA_BYTE, at, n);
    }
  }

  private static Step step(int tokens) {
    int[] all = java.util.stream.IntStream.range(0, tokens).toArray();
    return new Step(all, all, new int[tokens], all, new int[0][][], List.of(), Output.HIDDEN);
  }

  @Test
  void whatNoDriverAllocatesIsNotSupported() {
    TensorSpec spec = TensorSpec.matrix("huge", GgmlType.F32, 1 << 20, 1 << 20);
    Value in = new Value(0, 1 << 20, Value.Rows.TOKENS);
    Value out = new Value(1, 1 << 20, Value.Rows.TOKENS);
    try (Device device = TestDevices.open(TestDevices.options())) {
      Support answer = device.supports(new Op.MatMul(spec, null, in, out));
      assertTrue(
          answer instanceof Support.No no && no.reason().contains("at once at most"),
          answer.toString());
    }
  }

  @Test
  void memoryComesFromFewAllocationsAndGoesBack() {
    try (Device device = TestDevices.open(TestDevices.options())) {
      long free = device.info().memoryFree();
      List<Buffer> buffers = new ArrayList<>();
      for (int i = 0; i < 300; i++) {
        buffers.add(device.allocate(1000 + 300L * i));
      }
      MemorySegment seven = MemorySegment.ofArray(new byte[] {7, 7, 7, 7});
      for (int i = 0; i < 300; i += 2) {
        buffers.get(i).close();
      }
      for (int i = 0; i < 300; i += 2) {
        buffers.set(i, device.allocate(900 + 300L * i));
        buffers.get(i).write(0, seven);
      }
      assertTrue(
          device.info().memoryTotal() - device.info().memoryFree() >= 0
              && ((VulkanDevice) device).pool().used() <= 64 << 20,
          "small buffers share a few blocks");
      buffers.forEach(Buffer::close);
      assertEquals(0, ((VulkanDevice) device).pool().used());
      assertTrue(free > 0);
    }
  }

  @Test
  void runningOutOfMemoryIsTold() {
    try (Device device = TestDevices.open(TestDevices.options().withMemoryLimit(64 << 20))) {
      List<Buffer> taken = new ArrayList<>();
      DeviceException e =
          assertThrows(
              DeviceException.class,
              () -> {
                for (int i = 0; i < 100; i++) {
                  taken.add(device.allocate(5 << 20));
                }
              });
      assertEquals(DeviceException.Kind.OUT_OF_MEMORY, e.kind());
      taken.removeLast().close();
      device.allocate(4 << 20).close();
    }
  }
}
