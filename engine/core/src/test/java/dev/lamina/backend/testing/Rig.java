package dev.lamina.backend.testing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.lamina.backend.Buffer;
import dev.lamina.backend.Device;
import dev.lamina.backend.Graph;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Op;
import dev.lamina.backend.Output;
import dev.lamina.backend.Program;
import dev.lamina.backend.Step;
import dev.lamina.backend.Support;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Value;
import dev.lamina.backend.Weight;
import dev.lamina.backend.reference.ReferenceDevice;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One graph on the device under test and on the reference device. Guard buffers, allocated around
 * what the device allocates itself, are checked at the end.
 */
final class Rig implements AutoCloseable {
  /** What both devices made of a step. */
  record Outcome(float[] expected, float[] actual) {}

  private static final int GUARD_BYTES = 1024;
  private static final byte GUARD = 0x5a;

  private final Graph graph;
  private final Limits limits;
  private final Side reference;
  private final Side tested;
  private final ReferenceDevice oracle = ReferenceDevice.create();
  private final List<Buffer> guards = new ArrayList<>();

  Rig(Device device, Scene scene, Limits limits, Output output, Value value) {
    this(device, scene, limits, Map.of(output, value));
  }

  Rig(Device device, Scene scene, Limits limits, Map<Output, Value> outputs) {
    graph = scene.graph().build(outputs);
    this.limits = limits;
    for (Op op : graph.ops()) {
      if (device.supports(op) instanceof Support.No no) {
        fail("declared as supported, but not: " + op + ": " + no.reason());
      }
    }
    guard(device);
    reference = new Side(oracle, scene);
    tested = new Side(device, scene);
    guard(device);
    tested.load();
    guard(device);
    tested.compile();
    guard(device);
    reference.load();
    reference.compile();
  }

  private void guard(Device device) {
    Buffer buffer = device.allocate(GUARD_BYTES);
    byte[] pattern = new byte[GUARD_BYTES];
    Arrays.fill(pattern, GUARD);
    buffer.write(0, MemorySegment.ofArray(pattern));
    guards.add(buffer);
  }

  /** Runs a step of a graph that has a source instead of an input. */
  Outcome run(Step step) {
    return run(step, null);
  }

  /** Runs a step on both. */
  Outcome run(Step step, float[] input) {
    return new Outcome(reference.run(step, input), tested.run(step, input));
  }

  /** Runs a step on the device under test alone. */
  float[] runTested(Step step, float[] input) {
    return tested.run(step, input);
  }

  /** The program on the device under test. */
  Program program() {
    return tested.program;
  }

  @Override
  public void close() {
    for (Buffer guard : guards) {
      byte[] found = new byte[GUARD_BYTES];
      guard.read(0, MemorySegment.ofArray(found));
      byte[] pattern = new byte[GUARD_BYTES];
      Arrays.fill(pattern, GUARD);
      assertArrayEquals(pattern, found, "a kernel wrote outside of its buffers");
      guard.close();
    }
    tested.program.close();
    tested.weights.values().forEach(Weight::close);
    oracle.close();
  }

  /** The graph on one device. */
  private final class Side {
    private final Device device;
    private final Scene scene;
    private final Map<TensorSpec, Weight> weights = new HashMap<>();
    private Program program;

    Side(Device device, Scene scene) {
      this.device = device;
      this.scene = scene;
    }

    void load() {
      for (TensorSpec spec : graph.weights()) {
        weights.put(spec, device.load(spec, nativeCopy(scene.data().get(spec))));
      }
    }

    void compile() {
      program = device.compile(graph, weights, limits);
    }

    float[] run(Step step, float[] input) {
      if (input != null) {
        // Rows that the step does not have are poison: nothing may come of them.
        float[] padded = new float[limits.maxTokens() * graph.input().width()];
        Arrays.fill(padded, Float.NaN);
        System.arraycopy(input, 0, padded, 0, input.length);
        program.input().write(0, MemorySegment.ofArray(padded));
        Arrays.fill(padded, Float.NaN);
      }
      program.submit(step);
      Output output =
          graph.outputs().containsKey(step.want())
              ? step.want()
              : graph.outputs().keySet().iterator().next();
      Value value = graph.outputs().get(output);
      int rows =
          switch (value.rows()) {
            case TOKENS -> step.tokens();
            case OUTPUTS -> step.outputs();
          };
      Buffer buffer = program.output(output);
      assertTrue(
          buffer.bytes() >= 4L * limits.maxRows(value.rows()) * value.width(),
          () -> "the output buffer holds only " + buffer.bytes() + " bytes");
      float[] result = new float[rows * value.width()];
      buffer.read(0, MemorySegment.ofArray(result));
      return result;
    }

    /** As a file's mapping is: outside of the heap. It must outlive the weight. */
    private MemorySegment nativeCopy(MemorySegment data) {
      return Arena.ofAuto().allocate(data.byteSize(), 64).copyFrom(data);
    }
  }
}
