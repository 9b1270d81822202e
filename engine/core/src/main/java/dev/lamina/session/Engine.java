package dev.lamina.session;

import dev.lamina.LaminaException;
import dev.lamina.backend.Limits;
import dev.lamina.backend.Output;
import dev.lamina.backend.Step;
import dev.lamina.gguf.GgufFile;
import dev.lamina.model.ModelGraph;
import dev.lamina.placement.Placement;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Runs steps over the stages of a placement and keeps every sequence's pages. When a device fails,
 * at load or in the middle of a text, the work is placed anew without it, the keys and values of
 * all sequences are computed again from their tokens, and the step is repeated: the caller sees
 * nothing but the time it took. Safe for use from several threads: steps run one after the other.
 */
final class Engine implements AutoCloseable {
  private final ReentrantLock lock = new ReentrantLock(true);
  private final ModelGraph model;
  private final Limits limits;
  private final WeightSource source;
  private final DevicePlacer placer;
  private final int context;
  private final KvPages pages;
  private final Sequence[] slots;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment results;
  private volatile Placement placement;

  /** Null where a failed device could not be replaced: the next step tries again. */
  private Stages stages;

  private boolean closed;

  private Engine(
      ModelGraph model, Limits limits, int context, WeightSource source, DevicePlacer placer) {
    this.model = model;
    this.limits = limits;
    this.source = source;
    this.placer = placer;
    this.context = context;
    pages = new KvPages(limits, model.groups());
    slots = new Sequence[limits.maxSequences()];
    results = arena.allocate(limits.maxOutputs() * Stages.rowBytes(model, Output.LOGITS), 64);
  }

  /**
   * Places and opens the model; a device that fails on the way gets less work, or none. Owns {@code
   * placer} from now on, and closes it also where opening fails.
   */
  static Engine open(
      ModelGraph model,
      Limits limits,
      int context,
      WeightSource source,
      DevicePlacer placer,
      LoadProgress progress) {
    Engine engine = new Engine(model, limits, context, source, placer);
    try {
      StageFailure failure = engine.place(progress);
      while (failure != null) {
        placer.exclude(failure);
        failure = engine.place(progress);
      }
      return engine;
    } catch (RuntimeException | Error e) {
      engine.close();
      throw e;
    }
  }

  private StageFailure place(LoadProgress progress) {
    placement = placer.plan(model, limits);
    try {
      stages = Stages.open(placement, model, limits, source, progress);
      return null;
    } catch (StageFailure e) {
      return e;
    }
  }

  Placement placement() {
    return placement;
  }

  Limits limits() {
    return limits;
  }

  ModelGraph model() {
    return model;
  }

  /** Tokens that one sequence can hold. */
  int context() {
    return context;
  }

  Sequence newSequence() {
    lock.lock();
    try {
      checkOpen();
      for (int i = 0; i < slots.length; i++) {
        if (slots[i] == null) {
          slots[i] = pages.newSequence(i);
          return slots[i];
        }
      }
      throw new LaminaException(
          "all "
              + slots.length
              + " sessions of this model are in use: close one, or load with more sequences (-np)");
    } finally {
      lock.unlock();
    }
  }

  /**
   * A new sequence with the tokens of {@code from}, whose pages they share until one of them
   * writes.
   */
  Sequence fork(Sequence from) {
    lock.lock();
    try {
      Sequence to = newSequence();
      pages.share(from, to, from.length());
      return to;
    } finally {
      lock.unlock();
    }
  }

  void release(Sequence sequence) {
    lock.lock();
    try {
      if (slots[sequence.slot()] == sequence) {
        pages.truncate(sequence, 0);
        slots[sequence.slot()] = null;
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Cuts a sequence to its first {@code length} tokens, or to none where a sliding window has
   * forgotten what the next token would see.
   *
   * @return the length that is left
   */
  int truncate(Sequence sequence, int length) {
    lock.lock();
    try {
      checkOpen();
      int kept = pages.canTruncate(sequence, length) ? length : 0;
      pages.truncate(sequence, kept);
      return kept;
    } finally {
      lock.unlock();
    }
  }

  /** What is done with the rows of a step while the engine is held. */
  interface Rows {
    /**
     * @param rows {@link Output#LOGITS}: float32 {@code [outputs][vocabulary]}; {@link
     *     Output#GREEDY}: int32 {@code [outputs]}
     */
    void accept(MemorySegment rows);
  }

  /**
   * Appends a batch of at most {@link Limits#maxTokens()} tokens and hands the wanted rows to
   * {@code consumer}.
   */
  void run(Batch batch, Output want, Rows consumer) {
    lock.lock();
    try {
      checkOpen();
      if (stages == null) {
        recover(reopen());
      }
      MemorySegment rows = results.asSlice(0, batch.outputs() * Stages.rowBytes(model, want));
      StageFailure failure = attempt(batch, want, rows);
      while (failure != null) {
        recover(failure);
        failure = attempt(batch, want, rows);
      }
      batch.commit(pages);
      consumer.accept(rows);
    } finally {
      lock.unlock();
    }
  }

  private StageFailure attempt(Batch batch, Output want, MemorySegment rows) {
    Step step = batch.prepare(pages, slots.length, model.groups().size(), want);
    try {
      stages.run(step, rows);
      return null;
    } catch (StageFailure e) {
      return e;
    } catch (InternalError e) {
      // How the JVM tells that a page of a mapped file could not be read.
      throw GgufFile.vanished(source.name(), e);
    }
  }

  /** Goes on without the device that failed, and without any other that fails while doing so. */
  private void recover(StageFailure first) {
    StageFailure failure = first;
    while (failure != null) {
      closeStages();
      placer.exclude(failure);
      failure = reopen();
    }
  }

  /** Places the work anew and computes the keys and values of all sequences again. */
  private StageFailure reopen() {
    StageFailure failure = place(LoadProgress.NONE);
    if (failure != null) {
      return failure;
    }
    try {
      return recompute();
    } catch (RuntimeException | Error e) {
      // Some sequences have no keys and values now.
      closeStages();
      throw e;
    }
  }

  private void closeStages() {
    Stages old = stages;
    stages = null;
    if (old != null) {
      old.close();
    }
  }

  private StageFailure recompute() {
    pages.reset(Arrays.stream(slots).filter(s -> s != null).toList());
    for (Sequence sequence : slots) {
      if (sequence == null || sequence.length() == 0) {
        continue;
      }
      int[] tokens = sequence.tokens();
      sequence.setLength(0);
      try {
        for (int from = 0; from < tokens.length; from += limits.maxTokens()) {
          int count = Math.min(limits.maxTokens(), tokens.length - from);
          Batch batch = new Batch().add(sequence, tokens, from, count, Batch.NO_OUTPUTS);
          StageFailure failure = attempt(batch, Output.GREEDY, results.asSlice(0, 0));
          if (failure != null) {
            return failure;
          }
          batch.commit(pages);
        }
      } finally {
        // Whatever happens, the sequence must still know all its tokens for the next attempt.
        int reached = sequence.length();
        sequence.append(tokens, reached, tokens.length - reached);
      }
    }
    return null;
  }

  private void checkOpen() {
    if (closed) {
      throw new LaminaException("the model is closed");
    }
  }

  /** Reads a row of logits. */
  static void logits(MemorySegment rows, int row, float[] target) {
    MemorySegment.copy(
        rows,
        ValueLayout.JAVA_FLOAT,
        (long) row * target.length * Float.BYTES,
        target,
        0,
        target.length);
  }

  @Override
  public void close() {
    lock.lock();
    try {
      if (!closed) {
        closed = true;
        try (arena;
            placer) {
          closeStages();
        }
      }
    } finally {
      lock.unlock();
    }
  }
}
