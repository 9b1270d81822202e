package dev.lamina.backend.testing;

import dev.lamina.backend.Buffer;
import dev.lamina.backend.Completion;
import dev.lamina.backend.DeviceException;
import dev.lamina.backend.Graph;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Output;
import dev.lamina.backend.Program;
import dev.lamina.backend.Step;
import java.util.List;

/** A program of a made-up device. */
final class FakeProgram implements Program {
  private final FakeGpu owner;
  private final Graph graph;
  private final Limits limits;
  private final Program arithmetic;
  private final long reserved;
  private boolean closed;

  FakeProgram(FakeGpu owner, Graph graph, Limits limits, Program arithmetic, long reserved) {
    this.owner = owner;
    this.graph = graph;
    this.limits = limits;
    this.arithmetic = arithmetic;
    this.reserved = reserved;
  }

  @Override
  public Buffer input() {
    return new FakeBuffer(owner, arithmetic.input(), 0);
  }

  @Override
  public Buffer output(Output output) {
    return new FakeBuffer(owner, arithmetic.output(output), 0);
  }

  @Override
  public Completion submit(Step step) {
    if (closed) {
      throw new IllegalStateException("the program is closed");
    }
    owner.check();
    limits.check(step);
    owner.fault(FakeGpu.Fault.SUBMIT, DeviceException.Kind.OTHER, "a launch failed");
    boolean lost = owner.isDue(FakeGpu.Fault.LOST);
    Step own = copy(step);
    owner.add(FakeGpu.Count.SUBMISSIONS, 1);
    owner.add(FakeGpu.Count.LAUNCHES, graph.opsFor(step.want()).size());
    owner.enqueue(
        () -> {
          if (lost) {
            throw new DeviceException(
                DeviceException.Kind.LOST, owner.info().id() + ": the device is lost");
          }
          arithmetic.submit(own).await();
        });
    return owner::synchronise;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      owner.release(reserved);
      owner.enqueueIfOpen(arithmetic::close);
    }
  }

  private static Step copy(Step step) {
    int[][][] tables = new int[step.pageTable().length][][];
    for (int g = 0; g < tables.length; g++) {
      tables[g] = step.pageTable()[g].clone();
      for (int s = 0; s < tables[g].length; s++) {
        tables[g][s] = tables[g][s] == null ? null : tables[g][s].clone();
      }
    }
    return new Step(
        step.tokenIds().clone(),
        step.positions().clone(),
        step.slots().clone(),
        step.outputRows().clone(),
        tables,
        List.copyOf(step.copies()),
        step.want());
  }
}
