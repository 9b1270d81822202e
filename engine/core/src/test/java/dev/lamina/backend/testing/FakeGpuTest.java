package dev.lamina.backend.testing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.Buffer;
import dev.lamina.backend.Completion;
import dev.lamina.backend.DeviceException;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.Graph;
import dev.lamina.backend.GraphBuilder;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Output;
import dev.lamina.backend.Program;
import dev.lamina.backend.Step;
import dev.lamina.backend.Support;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Value;
import dev.lamina.backend.Weight;
import dev.lamina.backend.testing.FakeGpu.Fault;
import dev.lamina.gguf.GgmlType;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FakeGpuTest {
  private static final TensorSpec W = TensorSpec.matrix("w", GgmlType.F32, 2, 2);
  private static final Limits LIMITS = new Limits(4, 4, 1, 16, List.of());

  private static Graph graph() {
    GraphBuilder builder = new GraphBuilder();
    Value in = builder.input(2);
    return builder.build(Output.HIDDEN, builder.matMul(W, in));
  }

  private static MemorySegment floats(float... values) {
    return MemorySegment.ofArray(values);
  }

  private static Step step(int tokens) {
    int[] zeros = new int[tokens];
    int[] positions = IntStream.range(0, tokens).toArray();
    return new Step(zeros, positions, zeros, new int[0], new int[0][][], List.of(), Output.HIDDEN);
  }

  private static Weight load(FakeGpu gpu) {
    return gpu.load(W, floats(1, 2, 3, 4));
  }

  private static Program compile(FakeGpu gpu) {
    return gpu.compile(graph(), Map.of(W, load(gpu)), LIMITS);
  }

  private static float[] read(Buffer buffer, int n) {
    float[] values = new float[n];
    buffer.read(0, MemorySegment.ofArray(values));
    return values;
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void runsInOrderAndCopiesWhatItIsGiven(boolean eager) {
    FakeGpu.Builder builder = FakeGpu.builder("Fake0");
    try (FakeGpu gpu = (eager ? builder.eager() : builder).build()) {
      float[] file = {1, 2, 3, 4};
      Weight weight = gpu.load(W, MemorySegment.ofArray(file));
      file[0] = Float.NaN;
      Program program = gpu.compile(graph(), Map.of(W, weight), LIMITS);
      float[] x = {1, 1};
      program.input().write(0, MemorySegment.ofArray(x));
      x[0] = Float.NaN;
      program.submit(step(1));
      Buffer kept = gpu.allocate(8);
      program.output(Output.HIDDEN).copyTo(kept, 8);
      program.input().write(0, floats(1, 0, 0, 1));
      Completion done = program.submit(step(2));
      done.await();
      assertArrayEquals(new float[] {3, 7}, read(kept, 2));
      assertArrayEquals(new float[] {1, 3, 2, 4}, read(program.output(Output.HIDDEN), 4));
    }
  }

  @Test
  void runsNothingBeforeSomebodyWaits() {
    try (FakeGpu gpu = FakeGpu.builder("Fake0").build()) {
      Program program = compile(gpu);
      FakeGpu.Counters before = gpu.counters();
      program.input().write(0, floats(1, 1));
      program.submit(step(1));
      assertEquals(0, gpu.counters().minus(before).synchronisations());
      read(program.output(Output.HIDDEN), 2);
      assertEquals(new FakeGpu.Counters(0, 0, 0, 0, 1, 1, 1, 8, 8), gpu.counters().minus(before));
    }
  }

  @Test
  void countsMemory() {
    try (FakeGpu gpu = FakeGpu.builder("Fake0").memory(1000, 200).build()) {
      Weight weight = load(gpu);
      assertEquals(16, gpu.memoryUsed());
      Program program = gpu.compile(graph(), Map.of(W, weight), LIMITS);
      assertEquals(16 + gpu.workBytes(graph(), LIMITS), gpu.memoryUsed());
      assertEquals(200 - gpu.memoryUsed(), gpu.info().memoryFree());
      DeviceException e = assertThrows(DeviceException.class, () -> gpu.allocate(200));
      assertEquals(DeviceException.Kind.OUT_OF_MEMORY, e.kind());
      program.close();
      program.close();
      weight.close();
      assertEquals(0, gpu.memoryUsed());
      gpu.allocate(200).close();
      assertEquals(0, gpu.memoryUsed());
    }
  }

  @Test
  void failsAsOrdered() {
    try (FakeGpu gpu =
        FakeGpu.builder("Fake0")
            .fail(Fault.LOAD, 1)
            .fail(Fault.ALLOCATE, 0)
            .fail(Fault.COMPILE, 0)
            .fail(Fault.SUBMIT, 1)
            .build()) {
      Weight weight = load(gpu);
      assertEquals(DeviceException.Kind.OUT_OF_MEMORY, kind(() -> load(gpu)));
      assertEquals(DeviceException.Kind.OUT_OF_MEMORY, kind(() -> gpu.allocate(1)));
      assertEquals(
          DeviceException.Kind.COMPILE_FAILED,
          kind(() -> gpu.compile(graph(), Map.of(W, weight), LIMITS)));
      Program program = gpu.compile(graph(), Map.of(W, weight), LIMITS);
      program.submit(step(1)).await();
      assertEquals(DeviceException.Kind.OTHER, kind(() -> program.submit(step(1))));
    }
  }

  @Test
  void isLostOnlyWhenSomebodyWaits() {
    FakeGpu gpu = FakeGpu.builder("Fake0").fail(Fault.LOST, 1).build();
    Program program = compile(gpu);
    program.submit(step(1)).await();
    Completion second = program.submit(step(1));
    program.submit(step(1));
    assertEquals(DeviceException.Kind.LOST, kind(second::await));
    assertEquals(DeviceException.Kind.LOST, kind(() -> program.submit(step(1))));
    assertEquals(DeviceException.Kind.LOST, kind(() -> read(program.output(Output.HIDDEN), 1)));
    program.close();
    gpu.close();
    assertTrue(gpu.isClosed());
  }

  private static DeviceException.Kind kind(Runnable call) {
    return assertThrows(DeviceException.class, call::run).kind();
  }

  @Test
  void refusesWhatIsNotItsOwnOrNotSupported() {
    try (FakeGpu one = FakeGpu.builder("Fake0").build();
        FakeGpu two =
            FakeGpu.builder("Fake1").supports(op -> Support.no("it is made up")).build()) {
      Weight weight = load(one);
      assertThrows(IllegalArgumentException.class, () -> one.compile(graph(), Map.of(), LIMITS));
      assertEquals(
          DeviceException.Kind.UNSUPPORTED,
          kind(() -> two.compile(graph(), Map.of(W, weight), LIMITS)));
      Buffer here = one.allocate(8);
      Buffer there = two.allocate(8);
      here.write(0, floats(5, 6));
      here.copyTo(there, 8);
      assertArrayEquals(new float[] {5, 6}, read(there, 2));
    }
  }

  @Test
  void refusesUseAfterClose() {
    FakeGpu gpu = FakeGpu.builder("Fake0").build();
    Program program = compile(gpu);
    Buffer buffer = gpu.allocate(4);
    gpu.close();
    gpu.close();
    program.close();
    buffer.close();
    assertEquals(0, gpu.memoryUsed());
    assertThrows(IllegalStateException.class, () -> gpu.allocate(1));
    assertThrows(IllegalStateException.class, () -> program.submit(step(1)));
  }

  @Test
  void providersFindNothingOrFail() {
    assertEquals(
        List.of("no driver"),
        FakeProvider.none("fake", "no driver").discover(DeviceOptions.DEFAULT).reasons());
    FakeProvider failing = FakeProvider.failing("fake", new UnsatisfiedLinkError("libfake.so"));
    assertThrows(UnsatisfiedLinkError.class, () -> failing.discover(DeviceOptions.DEFAULT));
  }
}
