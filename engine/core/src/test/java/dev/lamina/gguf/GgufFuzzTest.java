package dev.lamina.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Mutated files end in a {@link GgufException} that names the file, or are read whole: no other
 * exception, no hang, and no more memory than a small multiple of the file. {@code
 * -Dlamina.fuzz.seed=N} and {@code -Dlamina.fuzz.files=N} choose other files than usual.
 */
class GgufFuzzTest {
  private static final long SEED = Long.getLong("lamina.fuzz.seed", 20_261_122);
  private static final int FILES = Integer.getInteger("lamina.fuzz.files", 50_000);
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** What a field may become: the borders of all the number types. */
  private static final long[] BORDERS = {
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    9,
    12,
    13,
    16,
    31,
    32,
    33,
    43,
    127,
    128,
    255,
    256,
    65_535,
    65_536,
    1L << 24,
    1L << 30,
    Integer.MAX_VALUE,
    1L << 31,
    0xFFFFFFFFL,
    1L << 32,
    (1L << 42) + 1,
    1L << 60,
    1L << 61,
    1L << 62,
    Long.MAX_VALUE - 31,
    Long.MAX_VALUE,
    Long.MIN_VALUE,
    -32,
    -1
  };

  private record Sample(byte[] bytes, List<RawGguf.Field> fields) {}

  private int read;
  private int refused;

  @Test
  void mutatedFilesAreReadOrRefused() {
    System.out.println("GGUF fuzz: " + FILES + " files, -Dlamina.fuzz.seed=" + SEED);
    List<Sample> samples = samples();
    for (Sample sample : samples) {
      exercise(sample.bytes(), "whole.gguf");
    }
    assertEquals(samples.size(), read, "the samples themselves are sound");
    assertTimeoutPreemptively(Duration.ofMinutes(5), () -> fuzz(samples));
    assertTrue(read > FILES / 50, "hardly any file was read: " + read);
    assertTrue(refused > FILES / 4, "hardly any file was refused: " + refused);
  }

  private void fuzz(List<Sample> samples) {
    for (int i = 0; i < FILES; i++) {
      SplittableRandom random = new SplittableRandom(SEED + i);
      byte[] bytes = mutate(samples, random);
      String name = "fuzz-" + i + ".gguf";
      try {
        exercise(bytes, name);
      } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
        throw new AssertionError("seed " + SEED + ", file " + i + ": " + e, e);
      }
    }
  }

  /** Opens the file and reads all that it holds. */
  private void exercise(byte[] bytes, String name) {
    long start = System.nanoTime();
    long limit = 20_000 + 20L * bytes.length;
    // What runs for the first time may load classes, so a suspect gets a second chance.
    if (allocatedByParsing(bytes, name) > limit) {
      long allocated = allocatedByParsing(bytes, name);
      assertTrue(
          allocated <= limit,
          name + " of " + bytes.length + " bytes made the reader allocate " + allocated);
    }
    try (GgufFile file = GgufFile.parse(MemorySegment.ofArray(bytes), name)) {
      read++;
      readAll(file, name);
    } catch (GgufException e) {
      checkMessage(e, name);
      refused++;
    }
    long millis = (System.nanoTime() - start) / 1_000_000;
    assertTrue(millis < 10_000, name + " took " + millis + " ms");
  }

  private static long allocatedByParsing(byte[] bytes, String name) {
    long before = THREADS.getCurrentThreadAllocatedBytes();
    try {
      GgufFile.parse(MemorySegment.ofArray(bytes), name).close();
    } catch (GgufException e) {
      checkMessage(e, name);
    }
    return THREADS.getCurrentThreadAllocatedBytes() - before;
  }

  private static void readAll(GgufFile file, String name) {
    Metadata meta = file.metadata();
    for (String key : meta.keys()) {
      List<Runnable> reads =
          List.of(
              () -> meta.raw(key).orElseThrow().hashCode(),
              () -> meta.string(key),
              () -> meta.integer(key),
              () -> meta.number(key),
              () -> meta.bool(key, false),
              () -> meta.strings(key).hashCode(),
              () -> meta.byteStrings(key).size(),
              () -> meta.integers(key),
              () -> meta.floats(key),
              () -> meta.bools(key));
      for (Runnable one : reads) {
        try {
          one.run();
        } catch (GgufException e) {
          checkMessage(e, name);
        }
      }
    }
    for (TensorInfo tensor : file.tensors()) {
      MemorySegment data = file.data(tensor);
      assertEquals(tensor.bytes(), data.byteSize());
      if (tensor.type().isWeightType() && data.byteSize() > 0) {
        float[] out = new float[tensor.type().blockSize()];
        Dequantizer.decode(tensor.type(), data, 0, out, 0, out.length);
      }
    }
  }

  private static void checkMessage(GgufException e, String name) {
    String message = e.getMessage();
    assertTrue(message.startsWith(name + ": "), message);
    assertTrue(message.length() < 1000, message);
    assertTrue(message.chars().noneMatch(Character::isISOControl), message);
  }

  private static byte[] mutate(List<Sample> samples, SplittableRandom random) {
    Sample sample = samples.get(random.nextInt(samples.size()));
    byte[] bytes = sample.bytes().clone();
    int rounds = 1 + random.nextInt(3);
    for (int i = 0; i < rounds && bytes.length > 0; i++) {
      bytes =
          switch (random.nextInt(8)) {
            case 0, 1, 2 -> changeField(bytes, sample.fields(), random);
            case 3 -> flipBytes(bytes, random);
            case 4 -> Arrays.copyOf(bytes, random.nextInt(bytes.length));
            case 5 -> remove(bytes, random);
            case 6 -> repeat(bytes, random);
            case 7 -> splice(bytes, samples.get(random.nextInt(samples.size())).bytes(), random);
            default -> throw new IllegalStateException();
          };
    }
    return bytes;
  }

  private static byte[] changeField(
      byte[] bytes, List<RawGguf.Field> fields, SplittableRandom random) {
    RawGguf.Field field = fields.get(random.nextInt(fields.size()));
    if (field.offset() + field.bytes() > bytes.length) {
      return bytes;
    }
    MemorySegment segment = MemorySegment.ofArray(bytes);
    long old = 0;
    for (int i = 0; i < field.bytes(); i++) {
      old |= (segment.get(ValueLayout.JAVA_BYTE, field.offset() + i) & 0xFFL) << 8 * i;
    }
    long value =
        switch (random.nextInt(5)) {
          case 0 -> old + 1;
          case 1 -> old - 1;
          case 2 -> old ^ 1L << random.nextInt(8 * field.bytes());
          case 3 -> random.nextInt(2 * bytes.length + 1);
          default -> BORDERS[random.nextInt(BORDERS.length)];
        };
    for (int i = 0; i < field.bytes(); i++) {
      segment.set(ValueLayout.JAVA_BYTE, field.offset() + i, (byte) (value >> 8 * i));
    }
    return bytes;
  }

  private static byte[] flipBytes(byte[] bytes, SplittableRandom random) {
    for (int n = 1 + random.nextInt(8); n > 0; n--) {
      bytes[random.nextInt(bytes.length)] ^= (byte) (1 + random.nextInt(255));
    }
    return bytes;
  }

  private static byte[] remove(byte[] bytes, SplittableRandom random) {
    int from = random.nextInt(bytes.length);
    int n = 1 + random.nextInt(Math.min(64, bytes.length - from));
    byte[] out = Arrays.copyOf(bytes, bytes.length - n);
    System.arraycopy(bytes, from + n, out, from, out.length - from);
    return out;
  }

  private static byte[] repeat(byte[] bytes, SplittableRandom random) {
    int from = random.nextInt(bytes.length);
    int n = 1 + random.nextInt(Math.min(64, bytes.length - from));
    byte[] out = Arrays.copyOf(bytes, bytes.length + n);
    System.arraycopy(bytes, from, out, from + n, bytes.length - from);
    return out;
  }

  private static byte[] splice(byte[] bytes, byte[] other, SplittableRandom random) {
    int from = random.nextInt(other.length);
    int n = 1 + random.nextInt(Math.min(bytes.length, other.length - from));
    System.arraycopy(other, from, bytes, random.nextInt(bytes.length - n + 1), n);
    return bytes;
  }

  private static List<Sample> samples() {
    List<Sample> samples = new ArrayList<>();
    for (RawGguf raw : List.of(model(3), model(2), bare(), everyType())) {
      samples.add(new Sample(raw.toByteArray(), raw.fields()));
    }
    return samples;
  }

  /** A small model with a vocabulary and tensors of several types. */
  private static RawGguf model(int version) {
    RawGguf raw =
        RawGguf.file(version, 4, 8)
            .pair("general.architecture", ValueType.STRING, "llama")
            .pair("general.alignment", ValueType.U32, 64)
            .pair("llama.block_count", ValueType.U32, 2)
            .pair("llama.rope.freq_base", ValueType.F32, 1e4f)
            .array("tokenizer.ggml.tokens", ValueType.STRING, "<s>", "</s>", "a", "ö", "<0x0A>")
            .array("tokenizer.ggml.scores", ValueType.F32, 0f, 0f, -1f, -2f, -3f)
            .array("tokenizer.ggml.token_type", ValueType.I32, 3, 3, 1, 1, 6)
            .pair("tokenizer.ggml.add_bos_token", ValueType.BOOL, true)
            .tensor("token_embd.weight", GgmlType.Q4_0.id(), 0, 32, 5)
            .tensor("blk.0.attn_q.weight", GgmlType.Q6_K.id(), 128, 256, 2)
            .tensor("blk.0.attn_norm.weight", GgmlType.F32.id(), 576, 32)
            .tensor("output.weight", GgmlType.IQ2_XXS.id(), 704, 256, 1, 1);
    return raw.data(64, 832);
  }

  private static RawGguf bare() {
    return RawGguf.file(3, 1, 0).tensor("w", GgmlType.F16.id(), 0, 4, 1, 2, 1).data(32, 32);
  }

  /** Every type of metadata value, alone and in an array, and arrays in arrays. */
  private static RawGguf everyType() {
    RawGguf raw = RawGguf.file(3, 0, 25);
    for (ValueType type : ValueType.values()) {
      Object value =
          switch (type) {
            case U8, I8, U16, I16, U32, I32, U64, I64 -> 7;
            case F32, F64 -> 0.5;
            case BOOL -> true;
            case STRING -> "text";
            case ARRAY -> null;
          };
      if (value != null) {
        raw.pair("one." + type, type, value).array("some." + type, type, value, value, value);
      }
    }
    raw.key("nested", ValueType.ARRAY).u32(ValueType.ARRAY.id()).u64(2);
    raw.u32(ValueType.ARRAY.id()).u64(1).u32(ValueType.U16.id()).u64(1).bytes(new byte[2]);
    return raw.u32(ValueType.STRING.id()).u64(2).string("").string("x");
  }
}
