package dev.lamina.quantize;

import dev.lamina.LaminaException;
import dev.lamina.gguf.Dequantizer;
import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.GgufFile;
import dev.lamina.gguf.GgufWriter;
import dev.lamina.gguf.PartsWriter;
import dev.lamina.quantize.QuantizePlan.Item;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Quantizes a model from one file to another. Tensors stream through in slabs of rows: threads take
 * a slab each, and what they make is written in order, so that memory holds some slabs, however
 * large the model is.
 */
public final class QuantizeJob {
  /** Values of a slab, at least one row: enough that a thread is busy for milliseconds. */
  private static final int SLAB = 1 << 17;

  /** The version of the formats of quantized blocks ({@code GGML_QNT_VERSION}). */
  private static final int QUANTIZATION_VERSION = 2;

  private final GgufFile source;
  private final QuantizePlan plan;
  private final Optional<Importance> importance;
  private final int threads;

  /**
   * An importance matrix and where it is from.
   *
   * @param file its name, which the result will tell
   */
  public record Importance(ImportanceMatrix matrix, Path file) {}

  /** Told while a model is quantized. */
  @FunctionalInterface
  public interface Progress {
    Progress NONE = (item, done, total) -> {};

    /**
     * @param item the tensor at hand
     * @param done values of all tensors written so far
     * @param total values of all tensors
     */
    void quantized(Item item, long done, long total);
  }

  /**
   * Prepares a job, and checks that it can be done.
   *
   * @param plan for this file
   * @param threads at least 1
   * @throws LaminaException where tensors need importances that are not given, have some of another
   *     shape, or are quantized already
   */
  public QuantizeJob(
      GgufFile source, QuantizePlan plan, Optional<Importance> importance, int threads) {
    this.source = source;
    this.plan = plan;
    this.importance = importance;
    this.threads = threads;
    plan.items().forEach(this::check);
  }

  private void check(Item item) {
    String name = item.from().name();
    if (item.copied()) {
      return;
    }
    if (item.from().type().family() != GgmlType.Family.FLOAT && !plan.options().requantize()) {
      throw new LaminaException(
          source.source()
              + ": the tensor "
              + name
              + " is quantized already, as "
              + item.from().type()
              + "; quantize the original, or accept the loss with --allow-requantize");
    }
    Optional<float[]> weights = importance.flatMap(i -> i.matrix().importance(name));
    if (weights.isEmpty() && item.needsImportance()) {
      throw new LaminaException(
          importance.isEmpty()
              ? plan.options().recipe().name()
                  + " needs an importance matrix, since "
                  + name
                  + " becomes "
                  + item.type()
                  + ": make one with 'lamina imatrix' and give it with --imatrix"
              : importance.get().file()
                  + ": the importance matrix has nothing about "
                  + name
                  + ", which cannot become "
                  + item.type()
                  + " without; make one with this model");
    }
    long expected = item.from().shape()[0] * item.from().dim(2);
    if (weights.isPresent() && weights.get().length != expected) {
      throw new LaminaException(
          String.format(
              Locale.ROOT,
              "%s: the importance matrix has %d numbers for %s where the model has %d columns; make"
                  + " one with this model",
              importance.orElseThrow().file(),
              weights.get().length,
              name,
              expected));
    }
  }

  /**
   * The files that the job writes.
   *
   * @param out the name that was given for them
   */
  public List<Path> files(Path out) {
    int parts = plan.options().keepSplit() ? source.parts().size() : 1;
    return parts == 1 ? List.of(out) : PartsWriter.names(out, parts);
  }

  /**
   * Quantizes, and returns when all is on the drive. A failure, an interruption of the thread
   * included, leaves nothing under the files' names.
   *
   * @throws LaminaException where reading or writing fails, or a tensor holds what is no number
   */
  public void run(Path out, Progress progress) {
    ExecutorService pool =
        Executors.newFixedThreadPool(
            threads, Thread.ofPlatform().daemon().name("quantize-", 0).factory());
    try (PartsWriter writer = PartsWriter.create(files(out), source, plan.bytes())) {
      declare(writer);
      Lane lane = new Lane(writer, pool, progress);
      for (Item item : plan.items()) {
        lane.add(item);
      }
      lane.drain(0);
      writer.finish();
    } catch (InternalError e) {
      throw GgufFile.vanished(source.source(), e);
    } finally {
      pool.shutdownNow();
    }
  }

  private void declare(PartsWriter writer) {
    GgufWriter first = writer.part(0);
    first.copyMetadata(
        source,
        key ->
            !key.equals("general.file_type")
                && !key.equals("general.quantization_version")
                && !key.startsWith("quantize.imatrix."));
    first.put("general.quantization_version", QUANTIZATION_VERSION);
    first.put("general.file_type", plan.options().recipe().file().id());
    importance.ifPresent(
        i -> {
          first.put("quantize.imatrix.file", i.file().toString());
          if (!i.matrix().datasets().isEmpty()) {
            first.put("quantize.imatrix.dataset", i.matrix().datasets().getFirst());
          }
          first.put("quantize.imatrix.entries_count", i.matrix().entries().size());
          if (i.matrix().chunks() > 0) {
            first.put("quantize.imatrix.chunks_count", i.matrix().chunks());
          }
        });
    int parts = writer.files().size();
    for (int i = 0; i < parts && parts > 1; i++) {
      writer.part(i).part(i, parts, plan.items().size());
    }
    for (Item item : plan.items()) {
      part(writer, item).tensor(item.from().name(), item.type(), item.from().shape());
    }
  }

  private static GgufWriter part(PartsWriter writer, Item item) {
    return writer.part(writer.files().size() == 1 ? 0 : item.from().part());
  }

  /** What threads work on, in the order in which it will be written. */
  private final class Lane {
    private final PartsWriter writer;
    private final ExecutorService pool;
    private final Progress progress;
    private final BlockingQueue<Worker> workers = new ArrayBlockingQueue<>(threads);
    private final Deque<Slab> slabs = new ArrayDeque<>();
    private final long total = plan.parameters();
    private long done;

    /** A piece of a tensor; its bytes are those of the file where the tensor is copied. */
    private record Slab(Item item, Future<byte[]> bytes, long values) {}

    Lane(PartsWriter writer, ExecutorService pool, Progress progress) {
      this.writer = writer;
      this.pool = pool;
      this.progress = progress;
      for (int i = 0; i < threads; i++) {
        workers.add(new Worker());
      }
    }

    void add(Item item) {
      if (item.copied()) {
        drain(0);
        part(writer, item).append(item.from().name(), source.data(item.from()));
        told(item, item.from().elements());
        return;
      }
      if (item.from().elements() == 0) {
        return;
      }
      MemorySegment data = source.data(item.from());
      float[] all = importance.flatMap(i -> i.matrix().importance(item.from().name())).orElse(null);
      int cols = Math.toIntExact(item.from().shape()[0]);
      long rows = item.from().dim(1);
      int most = Math.max(1, SLAB / cols);
      long matrices = item.from().dim(2) * item.from().dim(3);
      for (int matrix = 0; matrix < matrices; matrix++) {
        int expert = (int) (matrix % item.from().dim(2));
        float[] weights =
            all == null ? null : Arrays.copyOfRange(all, expert * cols, (expert + 1) * cols);
        for (long row = 0; row < rows; row += most) {
          int n = (int) Math.min(most, rows - row);
          long at = item.from().type().rowBytes(cols) * (matrix * rows + row);
          Future<byte[]> bytes = pool.submit(() -> encode(item, data, at, n, cols, weights));
          slabs.add(new Slab(item, bytes, (long) n * cols));
          drain(2 * threads);
        }
      }
    }

    private byte[] encode(
        Item item, MemorySegment data, long at, int rows, int cols, float[] weights)
        throws InterruptedException {
      Worker worker = workers.take();
      try {
        return worker.encode(source.source(), item, data, at, rows, cols, weights);
      } finally {
        workers.add(worker);
      }
    }

    /** Writes what has been made, until no more than {@code most} slabs are waited for. */
    void drain(int most) {
      while (slabs.size() > most) {
        Slab slab = slabs.remove();
        try {
          part(writer, slab.item)
              .append(slab.item.from().name(), MemorySegment.ofArray(slab.bytes.get()));
        } catch (ExecutionException e) {
          switch (e.getCause()) {
            case LaminaException l -> throw l;
            case InternalError i -> throw i;
            default -> throw new IllegalStateException(e.getCause());
          }
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new LaminaException("quantizing was interrupted", e);
        }
        told(slab.item, slab.values);
      }
    }

    private void told(Item item, long values) {
      done += values;
      progress.quantized(item, done, total);
    }
  }

  /** What one thread needs. */
  private static final class Worker {
    /** The largest finite float16: no scale is above the values that it is for. */
    private static final float LARGEST = 65504;

    private final List<Quantizer> quantizers = new ArrayList<>();
    private float[] values = new float[0];

    byte[] encode(
        String source,
        Item item,
        MemorySegment data,
        long at,
        int rows,
        int cols,
        float[] weights) {
      int count = Math.multiplyExact(rows, cols);
      if (values.length < count) {
        values = new float[count];
      }
      Dequantizer.decode(item.from().type(), data, at, values, 0, count);
      boolean wide = item.type() == GgmlType.F32 || item.type() == GgmlType.BF16;
      float most = wide ? Float.MAX_VALUE : LARGEST;
      for (int i = 0; i < count; i++) {
        if (!(Math.abs(values[i]) <= most)) {
          throw new LaminaException(
              source
                  + ": the tensor "
                  + item.from().name()
                  + " holds the value "
                  + values[i]
                  + ", which "
                  + item.type()
                  + " cannot; the file is damaged or badly converted");
        }
      }
      byte[] out = new byte[Math.toIntExact(item.type().rowBytes(cols) * rows)];
      quantizer(item.type()).quantize(values, 0, rows, cols, weights, out, 0);
      return out;
    }

    private Quantizer quantizer(GgmlType type) {
      for (Quantizer quantizer : quantizers) {
        if (quantizer.type() == type) {
          return quantizer;
        }
      }
      Quantizer fresh = Quantizer.of(type);
      quantizers.add(fresh);
      return fresh;
    }
  }
}
