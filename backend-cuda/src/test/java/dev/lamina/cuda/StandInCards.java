package dev.lamina.cuda;

import dev.lamina.backend.DeviceOptions;
import dev.lamina.cuda.driver.GpuDriver;
import dev.lamina.cuda.hip.HipDriver;
import dev.lamina.cuda.jcuda.CudaDriver;
import dev.lamina.cuda.standin.Modules;
import dev.lamina.cuda.standin.StandIn;
import dev.lamina.shaders.CardKernels;
import dev.lamina.shaders.Dialect;
import dev.lamina.shaders.MatrixUnits;
import dev.lamina.shaders.ProgramKey;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Devices on the stand-in drivers, their kernels compiled for the host when first asked for. */
final class StandInCards {
  private StandInCards() {}

  /** Card 0 or 1 of the CUDA stand-in. */
  static CardDevice cuda(int ordinal) {
    return cuda(ordinal, DeviceOptions.DEFAULT);
  }

  /** Card 0 as one that has these matrix units, and no better ones. */
  static CardDevice cuda(MatrixUnits units) {
    StandIn.cuda().machine(1, 4L << 30, 12060, units.capability(), 0);
    return open(0, DeviceOptions.DEFAULT);
  }

  /** Card 0 or 1 of the CUDA stand-in, with options. */
  static CardDevice cuda(int ordinal, DeviceOptions options) {
    StandIn.cuda();
    return open(ordinal, options);
  }

  private static CardDevice open(int ordinal, DeviceOptions options) {
    GpuDriver driver = CudaDriver.load();
    return new CardDevice(
        Flavour.CUDA, driver, driver.card(ordinal), StandInCards::images, options);
  }

  /** Card 0 or 1 of the HIP stand-in. */
  static CardDevice hip(int ordinal) {
    return hip(ordinal, DeviceOptions.DEFAULT);
  }

  /** Likewise, with options. */
  static CardDevice hip(int ordinal, DeviceOptions options) {
    StandIn.hip();
    GpuDriver driver = HipDriver.load();
    return new CardDevice(
        Flavour.ROCM, driver, driver.card(ordinal), StandInCards::hipImages, options);
  }

  private static Map<ProgramKey, byte[]> images(Set<ProgramKey> programs) {
    Map<ProgramKey, byte[]> images = new ConcurrentHashMap<>();
    programs.parallelStream()
        .forEach(
            key -> {
              Modules.make(key.name(), CardKernels.text(Dialect.CUDA, key));
              String image = PtxImages.MARK + key.name() + "\n";
              images.put(key, image.getBytes(StandardCharsets.UTF_8));
            });
    return images;
  }

  private static Map<ProgramKey, byte[]> hipImages(Set<ProgramKey> programs) {
    Map<ProgramKey, byte[]> images = new ConcurrentHashMap<>();
    programs.parallelStream()
        .forEach(
            key ->
                images.put(key, Modules.makeHip(key.name(), CardKernels.text(Dialect.HIP, key))));
    return images;
  }
}
