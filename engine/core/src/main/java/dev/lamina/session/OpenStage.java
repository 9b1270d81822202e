package dev.lamina.session;

import dev.lamina.backend.Buffer;
import dev.lamina.backend.Completion;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceInfo;
import dev.lamina.backend.Graph;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Output;
import dev.lamina.backend.Program;
import dev.lamina.backend.Step;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Weight;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongConsumer;

/**
 * A graph with its weights resident on one device and its program compiled. Every device failure
 * comes out as a {@link StageFailure}.
 */
final class OpenStage implements AutoCloseable {
  private final Device device;
  private final Map<TensorSpec, Weight> weights = new LinkedHashMap<>();
  private Program program;
  private Completion last = Completion.DONE;

  private OpenStage(Device device) {
    this.device = device;
  }

  /**
   * Loads and compiles.
   *
   * @param loaded told the bytes of each weight once it is loaded
   */
  static OpenStage open(
      Device device, Graph graph, Limits limits, WeightSource source, LongConsumer loaded)
      throws StageFailure {
    OpenStage stage = new OpenStage(device);
    try {
      for (TensorSpec spec : graph.weights()) {
        stage.weights.put(spec, device.load(spec, source.data(spec)));
        loaded.accept(spec.bytes());
      }
      stage.program = device.compile(graph, stage.weights, limits);
      return stage;
    } catch (RuntimeException | Error e) {
      stage.close();
      throw StageFailure.of(device, e);
    }
  }

  Device device() {
    return device;
  }

  void submit(Step step) throws StageFailure {
    try {
      last = program.submit(step);
    } catch (RuntimeException | LinkageError e) {
      throw StageFailure.of(device, e);
    }
  }

  /**
   * Hands the hidden state on to {@code next}, which must be told apart from this stage where the
   * copy fails.
   */
  void passOn(OpenStage next, long bytes) throws StageFailure {
    try {
      program.output(Output.HIDDEN).copyTo(next.program.input(), bytes);
    } catch (RuntimeException | LinkageError e) {
      throw StageFailure.of(failsToo() ? device : next.device, e);
    }
  }

  private boolean failsToo() {
    try {
      last.await();
      return false;
    } catch (RuntimeException | LinkageError e) {
      return true;
    }
  }

  void read(Output output, MemorySegment target) throws StageFailure {
    try {
      Buffer buffer = program.output(output);
      buffer.read(0, target);
    } catch (RuntimeException | LinkageError e) {
      throw StageFailure.of(device, e);
    }
  }

  void await() throws StageFailure {
    try {
      last.await();
    } catch (RuntimeException | LinkageError e) {
      throw StageFailure.of(device, e);
    }
  }

  /**
   * Gives everything back. A device that fails even here has nothing left to lose, so its failure
   * is dropped.
   */
  @Override
  public void close() {
    if (program != null) {
      quietly(program);
      program = null;
    }
    weights.values().forEach(this::quietly);
    weights.clear();
  }

  private void quietly(AutoCloseable closeable) {
    try {
      closeable.close();
    } catch (Exception | LinkageError e) {
      if (device.info().kind() == DeviceInfo.Kind.CPU) {
        throw new IllegalStateException("closing a stage on " + device.info().id(), e);
      }
    }
  }
}
