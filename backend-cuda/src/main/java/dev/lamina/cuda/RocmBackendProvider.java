package dev.lamina.cuda;

import dev.lamina.Folders;
import dev.lamina.backend.BackendProvider;
import dev.lamina.backend.Capabilities;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.Discovery;
import dev.lamina.cuda.hip.HipDriver;
import java.util.Locale;

/** AMD cards through ROCm's HIP runtime, with kernels that its compiler makes at first use. */
public final class RocmBackendProvider implements BackendProvider {
  @Override
  public String name() {
    return Flavour.ROCM.backend();
  }

  @Override
  public Capabilities capabilities() {
    return Flavour.ROCM.capabilities();
  }

  @Override
  public Discovery discover(DeviceOptions options) {
    return CardSearch.search(
        Flavour.ROCM,
        options,
        HipDriver::load,
        card -> null,
        (driver, card) ->
            new HipImages(
                Folders.cache()
                    .resolve("kernels")
                    .resolve(driver.version().toLowerCase(Locale.ROOT).replace(' ', '-')),
                card.architecture()));
  }
}
