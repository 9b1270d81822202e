package dev.lamina.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.DeviceException;
import dev.lamina.cuda.jcuda.CudaDriver;
import dev.lamina.cuda.standin.Modules;
import dev.lamina.cuda.standin.StandIn;
import dev.lamina.cuda.standin.StandIn.Count;
import dev.lamina.cuda.standin.StandIn.Fault;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The driver interface through JCuda, and the stand-in driver itself. */
final class CudaDriverTest {
  private static final String KERNELS =
      """
      extern "C" __global__ void twice(float *x, int n, float add) {
        int i = blockIdx.x * blockDim.x + threadIdx.x;
        if (i < n) x[i] = 2 * x[i] + add;
      }
      extern "C" __global__ void total(const int *x, int *sum) {
        __shared__ int part[8];
        int v = x[threadIdx.x];
        for (int d = 16; d; d >>= 1) v += __shfl_xor_sync(0xffffffffu, v, d);
        if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = v;
        __syncthreads();
        if (threadIdx.x == 0) {
          int all = 0;
          for (int w = 0; w < (int)blockDim.x / 32; w++) all += part[w];
          *sum = all;
        }
      }
      extern "C" __global__ void divergent(int *x) {
        if (threadIdx.x < 5) __syncthreads();
        x[threadIdx.x] = 1;
      }
      extern "C" __global__ void overrun(int *x, int at) {
        x[at] = 1;
      }
      extern "C" __global__ void four(const float *x, float4 *to, int at) {
        *to = *(const float4 *)(x + at);
      }
      """;

  private StandIn machine;
  private GpuContext context;

  @BeforeEach
  void open() {
    machine = StandIn.cuda();
    Modules.make("driver-test", KERNELS);
    context = CudaDriver.load().open(0);
  }

  @AfterEach
  void close() {
    if (context != null) {
      context.close();
      assertEquals(0, machine.count(Count.LIVE));
    }
  }

  private GpuModule module() {
    return context.load("// Lamina module driver-test\n".getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void cards() {
    CudaDriver driver = CudaDriver.load();
    assertEquals("CUDA 12.6", driver.version());
    assertEquals(2, driver.cards());
    GpuCard card = driver.card(1);
    assertEquals("sm_86", card.architecture());
    assertEquals(86, card.capability());
    assertEquals(32, card.waveSize());
    assertEquals("0000:02:00.0", card.bus());
    assertEquals(4L << 30, card.memoryBytes());
  }

  @Test
  void reasonsForNone() {
    machine.machine(1, 1 << 30, 11040, 75, 0);
    String old = assertThrows(DeviceException.class, CudaDriver::load).getMessage();
    assertTrue(old.contains("11.4") && old.contains("12.0"), old);
    machine.machine(1, 1 << 30, 12000, 75, 100);
    String none = assertThrows(DeviceException.class, CudaDriver::load).getMessage();
    assertTrue(none.contains("no card"), none);
    machine.machine(0, 1 << 30, 12000, 75, 0);
    assertThrows(DeviceException.class, CudaDriver::load);
    machine.machine(1, 1 << 30, 12000, 75, 999);
    String unknown = assertThrows(DeviceException.class, CudaDriver::load).getMessage();
    assertTrue(unknown.contains("999"), unknown);
  }

  @Test
  void kernelsAndCopies() {
    GpuKernel twice = module().kernel("twice");
    GpuStream stream = context.newStream();
    long x = context.allocate(4000);
    MemorySegment pinned = context.allocatePinned(4000);
    for (int i = 0; i < 1000; i++) {
      pinned.setAtIndex(ValueLayout.JAVA_FLOAT, i, i);
    }
    stream.copyIn(x, pinned);
    long[] arguments = {x, 1000, Float.floatToRawIntBits(0.5f)};
    stream.launch(twice, new Grid(4, 1, 1, 256, 1), 0, arguments);
    stream.beginCapture();
    stream.launch(twice, new Grid(4, 1, 1, 256, 1), 0, arguments);
    stream.launch(twice, new Grid(16, 1, 1, 64, 1), 0, new long[] {x, 1000, 0});
    GpuGraph graph = stream.endCapture();
    stream.launch(graph);
    stream.copyOut(pinned, x);
    assertEquals(0, machine.count(Count.KERNELS), "nothing runs before somebody waits");
    stream.synchronise();
    assertEquals(3, machine.count(Count.KERNELS));
    assertEquals(1, machine.count(Count.GRAPH_LAUNCHES));
    for (int i = 0; i < 1000; i++) {
      float once = 2 * i + 0.5f;
      assertEquals(2 * (2 * once + 0.5f), pinned.getAtIndex(ValueLayout.JAVA_FLOAT, i));
    }
    graph.close();
    context.free(x);
    context.freePinned(pinned);
  }

  @Test
  void barriersAndShuffles() {
    GpuKernel total = module().kernel("total");
    GpuStream stream = context.newStream();
    long x = context.allocate(1024);
    long sum = context.allocate(4);
    int[] values = new int[256];
    int expected = 0;
    for (int i = 0; i < 256; i++) {
      values[i] = i * i;
      expected += i * i;
    }
    MemorySegment pinned = context.allocatePinned(1024);
    MemorySegment.copy(values, 0, pinned, ValueLayout.JAVA_INT, 0, 256);
    stream.copyIn(x, pinned);
    stream.launch(total, new Grid(1, 1, 1, 256, 1), 0, new long[] {x, sum});
    MemorySegment result = context.allocatePinned(4);
    stream.copyOut(result, sum);
    stream.synchronise();
    assertEquals(expected, result.get(ValueLayout.JAVA_INT, 0));
  }

  @Test
  void divergentBarriersAreFound() {
    GpuStream stream = context.newStream();
    long x = context.allocate(1024);
    stream.launch(module().kernel("divergent"), new Grid(1, 1, 1, 64, 1), 0, new long[] {x});
    DeviceException e = assertThrows(DeviceException.class, stream::synchronise);
    assertEquals(DeviceException.Kind.LOST, e.kind());
    assertTrue(machine.message().contains("divergent"), machine.message());
    // The context has failed for good, and another one has not.
    assertThrows(DeviceException.class, () -> context.allocate(10));
    try (GpuContext other = CudaDriver.load().open(0)) {
      other.allocate(10);
    }
  }

  @Test
  void overrunsAreFound() {
    GpuStream stream = context.newStream();
    GpuKernel overrun = module().kernel("overrun");
    long x = context.allocate(1000);
    stream.launch(overrun, new Grid(1, 1, 1, 1, 1), 0, new long[] {x, 250});
    context.free(x);
    assertEquals(1, machine.count(Count.OVERRUNS), "into the padding of an allocation");
    long y = context.allocate(1024);
    stream.launch(overrun, new Grid(1, 1, 1, 1, 1), 0, new long[] {y, 256});
    DeviceException e = assertThrows(DeviceException.class, stream::synchronise);
    assertEquals(DeviceException.Kind.LOST, e.kind());
    assertTrue(e.getMessage().contains("700"), e.getMessage());
    assertTrue(machine.message().contains("overrun touches"), machine.message());
  }

  @Test
  void whatIsNotAlignedIsFound() {
    GpuStream stream = context.newStream();
    GpuKernel four = module().kernel("four");
    long x = context.allocate(1024);
    stream.launch(four, new Grid(1, 1, 1, 1, 1), 0, new long[] {x, x, 8});
    stream.synchronise();
    stream.launch(four, new Grid(1, 1, 1, 1, 1), 0, new long[] {x, x, 5});
    assertThrows(DeviceException.class, stream::synchronise);
    assertTrue(machine.message().contains("not aligned"), machine.message());
  }

  @Test
  void orderedFailures() {
    machine.order(Fault.ALLOCATION, 2, StandIn.OUT_OF_MEMORY);
    context.allocate(1);
    DeviceException e = assertThrows(DeviceException.class, () -> context.allocate(123));
    assertEquals(DeviceException.Kind.OUT_OF_MEMORY, e.kind());
    assertTrue(e.getMessage().contains("123 bytes"), e.getMessage());
    context.allocate(1);
    assertEquals(
        DeviceException.Kind.OUT_OF_MEMORY,
        assertThrows(DeviceException.class, () -> context.allocate(5L << 30)).kind());
    GpuStream stream = context.newStream();
    GpuKernel twice = module().kernel("twice");
    long x = context.allocate(4);
    machine.order(Fault.KERNEL, 1, StandIn.LAUNCH_FAILED);
    stream.launch(twice, new Grid(1, 1, 1, 1, 1), 0, new long[] {x, 1, 0});
    assertEquals(
        DeviceException.Kind.LOST, assertThrows(DeviceException.class, stream::synchronise).kind());
  }

  @Test
  void peersAndEvents() {
    try (GpuContext other = CudaDriver.load().open(1)) {
      assertTrue(context.enablePeer(other));
      assertTrue(context.enablePeer(other), "twice");
      GpuStream here = context.newStream();
      GpuStream there = other.newStream();
      long x = context.allocate(16);
      long y = other.allocate(16);
      here.fill(x, (byte) 7, 16);
      here.copyToPeer(other, y, x, 16);
      GpuEvent event = context.newEvent();
      here.record(event);
      there.await(event);
      MemorySegment pinned = other.allocatePinned(16);
      there.copyOut(pinned, y);
      there.synchronise();
      byte[] expected = new byte[16];
      Arrays.fill(expected, (byte) 7);
      assertArrayEquals(expected, pinned.toArray(ValueLayout.JAVA_BYTE));
      assertEquals(16, machine.count(Count.BYTES_PEER));
    }
  }

  @Test
  void wrongModules() {
    assertEquals(
        DeviceException.Kind.COMPILE_FAILED,
        assertThrows(DeviceException.class, () -> module().kernel("nosuch")).kind());
  }
}
