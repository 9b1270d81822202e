package dev.lamina.session;

import dev.lamina.FileProblem;
import dev.lamina.LaminaException;
import dev.lamina.NewFile;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * The saved predictions of a model, in the format of llama.cpp's {@code --kl-divergence-base}, all
 * little-endian: the magic {@code _logits_}; the window's tokens, the vocabulary's size and the
 * number of windows as 32-bit integers; the tokens of all windows, 32 bits each; then for each
 * prediction that counts the float32 scale and least value, and for each token of the vocabulary 16
 * bits {@code q}, with {@code log p = scale * q + least}. An odd vocabulary is padded by one value.
 * Log-probabilities more than 16 below the greatest are stored as that.
 */
public final class BaseLogits implements AutoCloseable {
  private static final byte[] MAGIC = "_logits_".getBytes(StandardCharsets.US_ASCII);
  private static final int HEAD = MAGIC.length + 3 * Integer.BYTES;
  private static final int ROW_HEAD = 2 * Float.BYTES;
  private static final float RANGE = 16;
  private static final int STEPS = 65535;
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Path file;
  private final Arena arena;
  private final MemorySegment data;
  private final int context;
  private final int vocabulary;
  private final int chunks;

  private BaseLogits(Path file, Arena arena, MemorySegment data) {
    this.file = file;
    this.arena = arena;
    this.data = data;
    context = data.get(INT, MAGIC.length);
    vocabulary = data.get(INT, MAGIC.length + 4L);
    chunks = data.get(INT, MAGIC.length + 8L);
  }

  /**
   * Opens a file.
   *
   * @throws LaminaException where it cannot be read, is something else, or is cut off
   */
  public static BaseLogits open(Path file) {
    Arena arena = Arena.ofShared();
    try (FileChannel channel = FileChannel.open(file)) {
      MemorySegment data = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      if (data.byteSize() < HEAD
          || data.asSlice(0, MAGIC.length).mismatch(MemorySegment.ofArray(MAGIC)) >= 0) {
        throw new LaminaException(
            file
                + ": is no file of saved predictions (magic at offset 0): make one with"
                + " 'lamina perplexity --kl-divergence-base'");
      }
      BaseLogits base = new BaseLogits(file, arena, data);
      base.check();
      return base;
    } catch (IOException e) {
      arena.close();
      throw new LaminaException(FileProblem.reading(file, e), e);
    } catch (RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  private void check() {
    if (context < 4 || vocabulary < 1 || chunks < 1) {
      throw new LaminaException(
          "%s: the head (offset 8) says %d windows of %d tokens from a vocabulary of %d; make it again"
              .formatted(file, chunks, context, vocabulary));
    }
    double needed =
        HEAD + 4.0 * chunks * context + (double) chunks * counted() * rowBytes(vocabulary);
    if (data.byteSize() < needed) {
      throw new LaminaException(
          "%s: has %d bytes where %d windows need %.0f: it was cut off, make it again"
              .formatted(file, data.byteSize(), chunks, needed));
    }
    for (int token : tokens()) {
      if (token < 0 || token >= vocabulary) {
        throw new LaminaException(
            "%s: token %d is not in the vocabulary of %d; make it again"
                .formatted(file, token, vocabulary));
      }
    }
  }

  /** The file's name, for messages. */
  public String source() {
    return file.toString();
  }

  /** Tokens of a window. */
  public int context() {
    return context;
  }

  /** Tokens that the model knows. */
  public int vocabulary() {
    return vocabulary;
  }

  /** Windows. */
  public int chunks() {
    return chunks;
  }

  /** The tokens of all windows, one behind the other. */
  public int[] tokens() {
    return data.asSlice(HEAD, 4L * chunks * context).toArray(INT);
  }

  private int counted() {
    return context - 1 - context / 2;
  }

  private static long rowBytes(int vocabulary) {
    return ROW_HEAD + 2L * (vocabulary + (vocabulary & 1));
  }

  /** Space for one prediction. */
  Row newRow() {
    return new Row(new float[vocabulary]);
  }

  /**
   * A prediction.
   *
   * @param logs the logarithm of each token's probability
   */
  record Row(float[] logs) {}

  /** Reads a prediction of a window into {@code into}; both count from 0. */
  void read(int chunk, int prediction, Row into) {
    long at =
        HEAD
            + 4L * chunks * context
            + ((long) chunk * counted() + prediction) * rowBytes(vocabulary);
    float scale = data.get(FLOAT, at);
    float least = data.get(FLOAT, at + Float.BYTES);
    at += ROW_HEAD;
    float[] logs = into.logs;
    for (int i = 0; i < logs.length; i++) {
      logs[i] = scale * (data.get(SHORT, at + 2L * i) & 0xffff) + least;
    }
  }

  @Override
  public void close() {
    arena.close();
  }

  /**
   * Writes a file, prediction by prediction. The file gets its name when it is whole, and closing
   * without {@link #finish} leaves nothing behind.
   */
  public static final class Writer implements TextWindows.PredictionConsumer, AutoCloseable {
    private final NewFile file;
    private final OutputStream out;
    private final long predictions;
    private final ByteBuffer row;
    private long written;

    /**
     * Begins a file.
     *
     * @param windows must lie one behind the other ({@link TextWindows#halves})
     * @param vocabulary tokens that the model knows
     * @throws LaminaException where the file cannot be written
     */
    public Writer(Path file, TextWindows windows, int vocabulary) {
      predictions = (long) windows.count() * windows.counted();
      row = buffer(Math.toIntExact(rowBytes(vocabulary)));
      int[] tokens = windows.covered();
      ByteBuffer head = buffer(HEAD + 4 * tokens.length).put(MAGIC);
      head.putInt(windows.length()).putInt(vocabulary).putInt(windows.count());
      for (int token : tokens) {
        head.putInt(token);
      }
      this.file = NewFile.create(file);
      out = new BufferedOutputStream(Channels.newOutputStream(this.file.channel()), 1 << 20);
      try {
        out.write(head.array());
      } catch (IOException e) {
        try (this.file) {
          throw this.file.failure(e);
        }
      }
    }

    private static ByteBuffer buffer(int bytes) {
      return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public void accept(float[] logits, int next) {
      float max = Float.NEGATIVE_INFINITY;
      float min = Float.POSITIVE_INFINITY;
      for (float l : logits) {
        max = Math.max(max, l);
        min = Math.min(min, l);
      }
      min = Math.max(min, max - RANGE);
      float scale = (max - min) / STEPS;
      row.clear().putFloat(scale).putFloat((float) (min - Sampler.logSumExp(logits)));
      float inverse = scale > 0 ? 1 / scale : 0;
      for (float l : logits) {
        row.putShort((short) (l > min ? Math.round(inverse * (l - min)) : 0));
      }
      try {
        out.write(row.array());
      } catch (IOException e) {
        throw file.failure(e);
      }
      written++;
    }

    /** Gives the file its name. */
    public void finish() {
      if (written != predictions) {
        throw new IllegalStateException(written + " predictions of " + predictions);
      }
      try {
        out.flush();
      } catch (IOException e) {
        throw file.failure(e);
      }
      file.finish();
    }

    @Override
    public void close() {
      file.close();
    }
  }
}
