package dev.lamina.cpu.code;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;

class ArmFeaturesTest {
  /** An auxiliary vector as Linux gives it: a page size, what is known of the processor, an end. */
  private static ArmFeatures features(long first, long second) {
    ByteBuffer auxiliary = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
    auxiliary.putLong(6).putLong(65536);
    auxiliary.putLong(26).putLong(second);
    auxiliary.putLong(16).putLong(first);
    return ArmFeatures.of(auxiliary.array());
  }

  /** The bits as these processors have them under Linux. */
  @Test
  void processors() {
    // Cortex-A72: fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid
    assertEquals(List.of("asimd"), features(0x8ff, 0).names());
    // Neoverse N1: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm
    // lrcpc dcpop asimddp ssbs
    assertEquals(new ArmFeatures(true, true, false, false), features(0x10119fff, 0));
    // Neoverse V1 has sve and i8mm as well
    assertEquals(
        List.of("asimd", "asimddp", "i8mm", "sve"),
        features(0x10119fff | 1 << 22, 1 << 13).names());
  }

  @Test
  void nothingIsKnownWithoutTheVector() {
    assertEquals(new ArmFeatures(false, false, false, false), ArmFeatures.of(new byte[20]));
  }
}
