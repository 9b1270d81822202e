package dev.lamina.gguf;

import static dev.lamina.gguf.Crafted.oneKey;
import static dev.lamina.gguf.Crafted.refused;
import static dev.lamina.gguf.Crafted.twoTensors;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files whose headers are wrong, that are cut, or that are no GGUF files at all. */
class CraftedHeadersTest {
  private static final int F32 = GgmlType.F32.id();
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  @Test
  void bigEndianFiles() {
    byte[] bytes = {'G', 'G', 'U', 'F', 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    refused(bytes, "the version at offset 4", "big-endian file (version 3)", "little-endian file");
    refused("FUGG\0\0\0\3".getBytes(StandardCharsets.ISO_8859_1), "big-endian");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 4, 17, -1})
  void unknownVersions(int version) {
    refused(
        RawGguf.file(version, 0, 0),
        "the version at offset 4",
        "version " + Integer.toUnsignedString(version) + " is not known");
  }

  @Test
  void versionOneIsTooOld() {
    refused(RawGguf.file(1, 0, 0), "version 1", "use a newer file");
  }

  @Test
  void versionTwoIsRead() {
    try (GgufFile file = RawGguf.file(2, 0, 1).pair("k", ValueType.I8, -5).open()) {
      assertEquals(2, file.version());
      assertEquals(-5, file.metadata().integer("k"));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "version https://git-lfs.github.com/spec/v1 | Git LFS pointer",
        "<!DOCTYPE html><html> | web page",
        "<html> | web page",
        "PK34 | PyTorch",
        "tjgg | before GGUF",
        "lmgg | before GGUF",
        "GGUX1234 | begins with the bytes 47 47 55 58",
        "GG | begins with the bytes 47 47"
      })
  void whatIsNoGgufFile(String content, String guess) {
    refused(content.getBytes(StandardCharsets.US_ASCII), "no GGUF file (magic at offset 0)", guess);
  }

  @Test
  void anEmptyFile() {
    refused(new byte[0], "it is empty");
  }

  // Memory.

  /** The most entries that a file of a size can hold, each as small as can be. */
  @Test
  void tinyEntriesByTheMillionTakeASmallMultipleOfTheFile() {
    int n = 50_000;
    RawGguf keys = RawGguf.file(3, 0, n);
    RawGguf tensors = RawGguf.file(3, n, 0);
    RawGguf nested = oneKey().key("k", ValueType.ARRAY).u32(ValueType.ARRAY.id()).u64(n);
    for (int i = 0; i < n; i++) {
      keys.pair(Integer.toString(i, 36), ValueType.BOOL, true);
      tensors.tensor(Integer.toString(i, 36), F32, 0, 0);
      nested.u32(ValueType.U8.id()).u64(0);
    }
    for (RawGguf raw : List.of(keys, tensors, nested)) {
      MemorySegment bytes = MemorySegment.ofArray(raw.toByteArray());
      GgufFile.parse(bytes, "warm.gguf").close();
      long before = THREADS.getCurrentThreadAllocatedBytes();
      GgufFile.parse(bytes, "tiny.gguf").close();
      double times =
          (double) (THREADS.getCurrentThreadAllocatedBytes() - before) / bytes.byteSize();
      assertTrue(times < 15, "allocates " + times + " times the file's size");
    }
  }

  // Interrupted downloads.

  @Test
  void aDownloadInterruptedInTheData() {
    RawGguf raw =
        twoTensors()
            .tensor("first.weight", F32, 0, 64)
            .tensor("second.weight", F32, 256, 64)
            .data(32, 512);
    byte[] whole = raw.toByteArray();
    assertEquals(640, whole.length);
    refused(
        Arrays.copyOf(whole, 600),
        "has 600 bytes",
        "asks for 640",
        "93.7 %",
        "second.weight at offset 384",
        "interrupted download");
    refused(Arrays.copyOf(whole, 200), "first.weight at offset 128", "interrupted download");
    raw.open().close();
  }

  @Test
  void aFileCutAnywhereIsRefused() {
    RawGguf raw =
        RawGguf.file(3, 1, 3)
            .pair("general.name", ValueType.STRING, "name")
            .array("words", ValueType.STRING, "a", "b")
            .array("numbers", ValueType.F32, 1f, 2f)
            .tensor("w", F32, 0, 8)
            .data(32, 32);
    byte[] whole = raw.toByteArray();
    raw.open().close();
    for (int size = 0; size < whole.length; size++) {
      refused(Arrays.copyOf(whole, size));
    }
  }

  @Test
  void aFileCutInItsHeaderLooksLikeAnInterruptedDownload() {
    byte[] whole = oneKey().pair("general.name", ValueType.U32, 1).toByteArray();
    refused(
        Arrays.copyOf(whole, whole.length - 2),
        "the file ends after " + (whole.length - 2) + " bytes",
        "metadata value of general.name",
        "interrupted download");
  }

  @Test
  void aHeaderWithoutDataIsWholeWhereNothingIsDeclared() {
    try (GgufFile file = RawGguf.file(3, 0, 0).open()) {
      assertFalse(file.tensor("w").isPresent());
      assertEquals(24, file.bytes());
    }
  }
}
