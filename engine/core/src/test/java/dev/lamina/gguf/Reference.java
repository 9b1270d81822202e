package dev.lamina.gguf;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.zip.GZIPInputStream;

/**
 * Golden quantization data that ggml made: 8 rows of 1024 values for each type ({@code
 * quants/index.json}).
 */
public final class Reference {
  public static final int ROWS = 8;
  public static final int COLS = 1024;

  private Reference() {}

  /** A file of {@code quants}, such as {@code Q4_0.random.blocks}. */
  public static byte[] bytes(String name) {
    try (InputStream in =
        new GZIPInputStream(
            Objects.requireNonNull(
                Reference.class.getResourceAsStream("quants/" + name + ".gz"), name))) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A file of little-endian float32. */
  public static float[] floats(String name) {
    byte[] bytes = bytes(name);
    float[] out = new float[bytes.length / 4];
    MemorySegment.copy(MemorySegment.ofArray(bytes), Cursor.FLOAT, 0, out, 0, out.length);
    return out;
  }

  /** The quantized form of the reference input. */
  public static MemorySegment blocks(GgmlType type) {
    return MemorySegment.ofArray(
        type == GgmlType.F32 ? bytes("input.f32") : bytes(type + ".blocks"));
  }

  /** What ggml decodes {@link #blocks} to. */
  public static float[] decoded(GgmlType type) {
    return type == GgmlType.F32 ? floats("input.f32") : floats(type + ".f32");
  }
}
