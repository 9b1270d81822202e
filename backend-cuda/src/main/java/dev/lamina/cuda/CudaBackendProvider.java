package dev.lamina.cuda;

import dev.lamina.backend.BackendProvider;
import dev.lamina.backend.Capabilities;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.Discovery;
import dev.lamina.cuda.driver.GpuCard;
import dev.lamina.cuda.jcuda.CudaDriver;

/** NVIDIA cards through their driver, with kernels that this build has made. */
public final class CudaBackendProvider implements BackendProvider {
  /** Turing: what our PTX asks for. */
  private static final int OLDEST_CAPABILITY = 75;

  @Override
  public String name() {
    return Flavour.CUDA.backend();
  }

  @Override
  public Capabilities capabilities() {
    return Flavour.CUDA.capabilities();
  }

  @Override
  public Discovery discover(DeviceOptions options) {
    return CardSearch.search(
        Flavour.CUDA,
        options,
        CudaDriver::load,
        CudaBackendProvider::tooOld,
        (driver, card) -> new PtxImages());
  }

  private static String tooOld(GpuCard card) {
    return card.capability() >= OLDEST_CAPABILITY
        ? null
        : "%s has compute capability %d.%d, and 7.5 is needed (Turing or later)"
            .formatted(card.name(), card.capability() / 10, card.capability() % 10);
  }
}
