package dev.lamina.cuda;

import dev.lamina.backend.Device;
import dev.lamina.shaders.MatrixUnits;

/** The same on a card whose matrix units are the older ones. */
final class TuringContractTest extends CudaContractTest {
  @Override
  protected Device open() {
    return StandInCards.cuda(MatrixUnits.TURING);
  }
}
