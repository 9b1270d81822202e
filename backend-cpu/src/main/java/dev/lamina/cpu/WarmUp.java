package dev.lamina.cpu;

import dev.lamina.backend.DeviceException;
import dev.lamina.backend.Graph;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Output;
import dev.lamina.backend.Step;
import dev.lamina.backend.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Has the JIT compiler compile the SIMD kernels that a graph needs: runs made-up steps of the same
 * graph with the same weights, on memory of its own, on a thread of its own.
 */
final class WarmUp implements AutoCloseable {
  /** Tokens of the prompt that begins every round: enough for the tiled products. */
  private static final int PROMPT = 8;

  /** Single tokens that follow. */
  private static final int SINGLE = 24;

  private static final int ROUNDS = 60;

  private static final long MOST_NANOS = TimeUnit.SECONDS.toNanos(4);

  private final Graph graph;
  private final Map<TensorSpec, CpuWeight> weights;
  private final Limits limits;
  private final Output want;
  private final KernelFamily family;
  private final Thread thread = new Thread(this::run, "lamina-cpu-warm-up");
  private CpuProgram program;
  private boolean closed;

  /** Written by the thread; read when that has ended. */
  private int rounds;

  private WarmUp(
      Graph graph,
      Map<TensorSpec, CpuWeight> weights,
      Limits limits,
      Output want,
      KernelFamily family) {
    this.graph = graph;
    this.weights = weights;
    this.limits = limits;
    this.want = want;
    this.family = family;
  }

  /**
   * Starts one.
   *
   * @param limits those of the program to warm up for
   * @param want what its steps want
   * @param family computes it
   */
  static WarmUp start(
      Graph graph,
      Map<TensorSpec, CpuWeight> weights,
      Limits limits,
      Output want,
      KernelFamily family) {
    int pages = (PROMPT + SINGLE + limits.pageSize() - 1) / limits.pageSize();
    List<Limits.PageGroup> groups = new ArrayList<>();
    limits.groups().forEach(group -> groups.add(new Limits.PageGroup(pages, pages)));
    int prompt = Math.min(PROMPT, limits.maxTokens());
    WarmUp warmUp =
        new WarmUp(
            graph, weights, new Limits(prompt, 1, 1, limits.pageSize(), groups), want, family);
    warmUp.thread.setDaemon(true);
    warmUp.thread.start();
    return warmUp;
  }

  private void run() {
    CpuProgram mine;
    synchronized (this) {
      if (closed) {
        return;
      }
      try {
        mine = new CpuProgram(graph, weights, limits, new ThreadTeam(1), Start.SIMD, family);
      } catch (DeviceException e) {
        return; // no memory to spare: the first steps of the SIMD kernels will be slow, no more
      }
      program = mine;
    }
    long from = System.nanoTime();
    try {
      for (int i = 0; i < ROUNDS && System.nanoTime() - from < MOST_NANOS && !isClosed(); i++) {
        round(mine);
        rounds++;
      }
    } finally {
      mine.close();
    }
  }

  private void round(CpuProgram program) {
    int n = limits.maxTokens();
    program.submit(step(0, n));
    for (int i = 0; i < SINGLE && !isClosed(); i++) {
      program.submit(step(n + i, 1));
    }
  }

  private Step step(int position, int tokens) {
    int[] positions = new int[tokens];
    for (int t = 0; t < tokens; t++) {
      positions[t] = position + t;
    }
    int[][][] pageTable = new int[limits.groups().size()][1][];
    for (int g = 0; g < pageTable.length; g++) {
      int[] pages = new int[limits.groups().get(g).pages()];
      for (int p = 0; p < pages.length; p++) {
        pages[p] = p;
      }
      pageTable[g][0] = pages;
    }
    return new Step(
        new int[tokens],
        positions,
        new int[tokens],
        new int[] {tokens - 1},
        pageTable,
        List.of(),
        want);
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  /** Waits until the warm-up has ended by itself; for tests. */
  void await() throws InterruptedException {
    thread.join();
  }

  /** Rounds done; for tests. */
  int rounds() {
    return rounds;
  }

  boolean isRunning() {
    return thread.isAlive();
  }

  /** Ends the warm-up within a unit of work, and waits until it no longer touches the weights. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      if (program != null) {
        program.abandon();
      }
    }
    boolean interrupted = false;
    while (isRunning()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
