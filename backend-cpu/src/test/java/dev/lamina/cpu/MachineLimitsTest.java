package dev.lamina.cpu;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.DeviceSpeed;
import org.junit.jupiter.api.Test;

/**
 * The yardsticks are of the size that hardware of these decades has; how fast it is, is no test.
 */
class MachineLimitsTest {
  @Test
  void figuresAreOfThisWorld() {
    try (CpuDevice device = new CpuDevice(new DeviceOptions(1, true))) {
      DeviceSpeed speed = device.measureSpeed().orElseThrow();
      assertTrue(
          speed.readBytesPerSecond() > 1e8 && speed.readBytesPerSecond() < 2e12, speed::toString);
      assertTrue(
          speed.floatOpsPerSecond() > 1e8 && speed.floatOpsPerSecond() < 1e12, speed::toString);
    }
  }
}
