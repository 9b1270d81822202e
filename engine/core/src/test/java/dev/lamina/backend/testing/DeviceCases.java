package dev.lamina.backend.testing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.Buffer;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceException;
import dev.lamina.backend.DeviceInfo;
import dev.lamina.backend.Graph;
import dev.lamina.backend.GraphBuilder;
import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Op;
import dev.lamina.backend.Output;
import dev.lamina.backend.Program;
import dev.lamina.backend.Support;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Value;
import dev.lamina.backend.Weight;
import dev.lamina.backend.reference.ReferenceDevice;
import dev.lamina.gguf.GgmlType;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** The device itself: what it says of itself, its buffers, and its end. */
final class DeviceCases {
  private static final TensorSpec WEIGHT = TensorSpec.matrix("weight", GgmlType.F32, 64, 3);

  private final BackendContract contract;
  private final Device device;

  DeviceCases(BackendContract contract, Device device) {
    this.contract = contract;
    this.device = device;
  }

  void device(Cases cases) {
    cases.add("info", this::info);
    for (GgmlType type : GgmlType.values()) {
      cases.add("declared, capable and supporting: " + type, () -> agree(type));
    }
    for (GgmlType type :
        List.of(GgmlType.F32, GgmlType.F16, GgmlType.BF16, GgmlType.Q8_0, GgmlType.Q4_0)) {
      cases.add("declared, capable and supporting: pages of " + type, () -> agreePages(type));
    }
    cases.add("repacked types are supported ones", this::repacked);
    cases.add("buffers", this::buffers);
    cases.add("copies between devices", this::copies);
    cases.add("too large a buffer", this::tooLarge);
    cases.add("a weight that was not loaded", this::missingWeight);
    cases.add("several programs with the same weight", this::severalPrograms);
    cases.add("closing and what comes after", this::closing);
  }

  private void info() {
    DeviceInfo info = device.info();
    assertFalse(info.id().isBlank());
    assertFalse(info.backend().isBlank());
    assertFalse(info.description().isBlank());
    assertFalse(info.driver().isBlank());
    assertTrue(info.memoryTotal() > 0 && info.memoryFree() >= 0, info.toString());
    assertTrue(info.memoryFree() <= info.memoryTotal(), info.toString());
  }

  /** What is declared, what the matrix will say, and what the device answers are the same. */
  private void agree(GgmlType type) {
    int cols = 4 * Math.max(64, type.blockSize());
    Value in = new Value(0, cols, Value.Rows.TOKENS);
    Value out = new Value(1, 64, Value.Rows.TOKENS);
    Value routing = new Value(2, 4, Value.Rows.TOKENS);
    TensorSpec matrix = TensorSpec.matrix("matrix", type, cols, 64);
    TensorSpec table = TensorSpec.embedding("table", type, cols, 64);
    TensorSpec experts = TensorSpec.experts("experts", type, cols, 32, 4);
    agree(new Op.MatMul(matrix, null, in, out), contract.matrixTypes().contains(type));
    agree(new Op.Embed(table, in), contract.embeddingTypes().contains(type));
    agree(new Op.ExpertMatMul(experts, 2, routing, in, out), contract.expertTypes().contains(type));
  }

  private void agreePages(GgmlType type) {
    KvSpec kv = new KvSpec(0, 0, 2, 64, 64, type, type);
    Value k = new Value(0, 128, Value.Rows.TOKENS);
    Value v = new Value(1, 128, Value.Rows.TOKENS);
    Value q = new Value(2, 256, Value.Rows.TOKENS);
    Value out = new Value(3, 256, Value.Rows.TOKENS);
    boolean declared = contract.kvTypes().contains(type);
    agree(new Op.KvStore(kv, k, v), declared);
    agree(new Op.Attention(kv, 4, 0.125f, 0, 0, q, out), declared);
  }

  private void agree(Op op, boolean declared) {
    Support capable = contract.capabilities().supports(op);
    Support supporting = device.supports(op);
    for (Support answer : new Support[] {capable, supporting}) {
      switch (answer) {
        case Support.Full full -> {}
        case Support.Slow slow -> assertFalse(slow.reason().isBlank(), op.toString());
        case Support.No no -> assertFalse(no.reason().isBlank(), op.toString());
      }
    }
    assertEquals(declared, capable.runs(), () -> "capabilities of " + op + ": " + capable);
    assertEquals(declared, supporting.runs(), () -> "support of " + op + ": " + supporting);
  }

  private void repacked() {
    for (GgmlType type : contract.capabilities().repacked()) {
      assertTrue(contract.matrixTypes().contains(type), type + " is repacked, and not supported");
    }
  }

  private void buffers() {
    byte[] bytes = pattern(1000);
    try (Buffer one = device.allocate(1000);
        Buffer two = device.allocate(4096)) {
      assertTrue(one.bytes() >= 1000 && two.bytes() >= 4096);
      byte[] source = bytes.clone();
      one.write(0, MemorySegment.ofArray(source));
      Arrays.fill(source, (byte) 1);
      one.copyTo(two, 1000);
      one.write(100, MemorySegment.ofArray(new byte[] {1, 2, 3}));
      assertArrayEquals(bytes, read(two, 0, 1000), "a copy is ordered before a later write");
      assertArrayEquals(
          new byte[] {bytes[99], 1, 2, 3, bytes[103]},
          read(one, 99, 5),
          "writes and reads at an odd offset");
      MemorySegment nothing = MemorySegment.ofArray(new byte[0]);
      one.write(1000, nothing);
      one.read(1000, nothing);
      assertThrows(
          IndexOutOfBoundsException.class,
          () -> one.write(one.bytes() - 1, MemorySegment.ofArray(new byte[2])));
      assertThrows(IndexOutOfBoundsException.class, () -> read(one, one.bytes() - 1, 2));
    }
  }

  private void copies() {
    try (Device other = ReferenceDevice.create();
        Buffer here = device.allocate(64);
        Buffer there = other.allocate(64)) {
      byte[] bytes = pattern(64);
      here.write(0, MemorySegment.ofArray(bytes));
      here.copyTo(there, 64);
      assertArrayEquals(bytes, read(there, 0, 64));
      there.write(0, MemorySegment.ofArray(new byte[] {9, 9}));
      there.copyTo(here, 2);
      bytes[0] = 9;
      bytes[1] = 9;
      assertArrayEquals(bytes, read(here, 0, 64));
    }
  }

  private void tooLarge() {
    DeviceException e =
        assertThrows(DeviceException.class, () -> device.allocate(1L << 50).close());
    assertEquals(DeviceException.Kind.OUT_OF_MEMORY, e.kind());
    buffers();
  }

  private static Graph graph() {
    GraphBuilder builder = new GraphBuilder();
    Value in = builder.input(64);
    return builder.build(Output.HIDDEN, builder.matMul(WEIGHT, in));
  }

  private static Weight load(Device device) {
    return device.load(WEIGHT, RandomBlocks.of(WEIGHT, 70));
  }

  private void missingWeight() {
    assertThrows(
        IllegalArgumentException.class, () -> device.compile(graph(), Map.of(), Steps.LIMITS));
  }

  private void severalPrograms() {
    try (Weight weight = load(device);
        Program two = device.compile(graph(), Map.of(WEIGHT, weight), Steps.LIMITS)) {
      assertEquals(WEIGHT, weight.spec());
      try (Program one = device.compile(graph(), Map.of(WEIGHT, weight), Steps.LIMITS)) {
        one.input().write(0, MemorySegment.ofArray(MatrixCases.activations(64, 71)));
        two.input().write(0, MemorySegment.ofArray(MatrixCases.activations(64, 71)));
        one.submit(Steps.of(1, Output.HIDDEN));
        two.submit(Steps.of(1, Output.HIDDEN)).await();
        byte[] expected = read(one.output(Output.HIDDEN), 0, 12);
        assertArrayEquals(expected, read(two.output(Output.HIDDEN), 0, 12));
        two.output(Output.HIDDEN).write(0, MemorySegment.ofArray(new byte[12]));
        one.output(Output.HIDDEN).copyTo(two.output(Output.HIDDEN), 12);
        assertArrayEquals(expected, read(two.output(Output.HIDDEN), 0, 12));
      }
      two.submit(Steps.of(1, Output.HIDDEN)).await();
    }
  }

  private void closing() {
    Device own = contract.open();
    Weight weight = load(own);
    Program program = own.compile(graph(), Map.of(WEIGHT, weight), Steps.LIMITS);
    Program early = own.compile(graph(), Map.of(WEIGHT, weight), Steps.LIMITS);
    Buffer buffer = own.allocate(64);
    Buffer gone = own.allocate(64);
    gone.close();
    gone.close();
    assertThrows(IllegalStateException.class, () -> read(gone, 0, 1));
    early.close();
    early.close();
    assertThrows(IllegalStateException.class, () -> early.submit(Steps.of(1, Output.HIDDEN)));
    program.input().write(0, MemorySegment.ofArray(MatrixCases.activations(64, 72)));
    program.submit(Steps.of(1, Output.HIDDEN));
    own.close();
    own.close();
    program.close();
    weight.close();
    weight.close();
    buffer.close();
    MemorySegment data = RandomBlocks.of(WEIGHT, 73);
    assertThrows(IllegalStateException.class, () -> own.allocate(64));
    assertThrows(IllegalStateException.class, () -> own.load(WEIGHT, data));
    assertThrows(
        IllegalStateException.class,
        () -> own.compile(graph(), Map.of(WEIGHT, weight), Steps.LIMITS));
    assertThrows(IllegalStateException.class, () -> program.submit(Steps.of(1, Output.HIDDEN)));
    assertThrows(IllegalStateException.class, () -> read(buffer, 0, 1));
    buffers();
  }

  private static byte[] pattern(int n) {
    byte[] bytes = new byte[n];
    for (int i = 0; i < n; i++) {
      bytes[i] = (byte) (i * 7 + 1);
    }
    return bytes;
  }

  private static byte[] read(Buffer buffer, long offset, int n) {
    byte[] bytes = new byte[n];
    buffer.read(offset, MemorySegment.ofArray(bytes));
    return bytes;
  }
}
